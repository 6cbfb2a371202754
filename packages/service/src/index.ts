/** Public surface of @toka/service: the process. Names each export. */
export {};
