/** Public surface of @toka/kernel: the pure deciding core. Names each export. */
export {};
