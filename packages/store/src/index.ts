/** Public surface of @toka/store: durability. Names each export. */
export {};
