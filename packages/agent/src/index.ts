/** Public surface of @toka/agent: judgement. Names each export. */
export {};
