/** Public surface of @toka/store: durability. Names each export. */
export { StoreFailure } from "./failure.ts";
export type { StoreFailureCode } from "./failure.ts";
export { createVault } from "./create-vault.ts";
export type { Genesis } from "./create-vault.ts";
export { openVault, vaultExists, localProof } from "./vault.ts";
export type { OpenVaultOptions, Vault } from "./vault.ts";
export { Machine } from "./machine.ts";
export type { MachineParts, SubmitOptions } from "./machine.ts";
export type { Log, LogBatch, LogFilter, LogHead, LogPage, LogRow } from "./log.ts";
export { lookAtPast } from "./past.ts";
export type { PastOptions } from "./past.ts";
export { verifyVault } from "./verify/verify-vault.ts";
export type { VerifyOptions, VerifyReport } from "./verify/verify.ts";
export type { Finding } from "./verify/finding.ts";
export { replaceFile } from "./durable-file.ts";
