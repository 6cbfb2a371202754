/** Public surface of @toka/runtime: effects. Names each export. */
export {};
