/** Public surface of @toka/cli: the operator's hand. Names each export. */
export {};
