/** Which Toka this is: what a vault notes about who wrote it. The package's own version; a test compares them. */
export const tokaVersion = "0.1.0";
