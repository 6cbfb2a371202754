/** Tiny x86_64 programs, written as machine code, that make one system call in an unusual way. */

/** Which call the program makes before it ends; it ends with 42, or with the call's error number. */
export type ElfKind = "native-call" | "i386-call" | "x32-call";

const exitWithDi = [0xb8, 60, 0, 0, 0, 0x0f, 0x05]; // mov eax, exit; syscall
const code: Readonly<Record<ElfKind, readonly number[]>> = {
  // mov eax, 39 (getpid); syscall; mov edi, 42
  "native-call": [0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0xbf, 42, 0, 0, 0, ...exitWithDi],
  // mov eax, 20 (getpid of i386); int 0x80; mov edi, 42
  "i386-call": [0xb8, 20, 0, 0, 0, 0xcd, 0x80, 0xbf, 42, 0, 0, 0, ...exitWithDi],
  // mov eax, 0x40000027 (getpid of x32); syscall; mov edi, eax; neg edi
  "x32-call": [0xb8, 0x27, 0, 0, 0x40, 0x0f, 0x05, 0x89, 0xc7, 0xf7, 0xdf, ...exitWithDi],
};

/** @returns the bytes of a static executable */
export function elfProgram(kind: ElfKind): Uint8Array {
  const instructions = code[kind];
  const headers = 64 + 56;
  const base = 0x400000n;
  const bytes = new Uint8Array(headers + instructions.length);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true); // ET_EXEC
  view.setUint16(18, 62, true); // EM_X86_64
  view.setUint32(20, 1, true);
  view.setBigUint64(24, base + BigInt(headers), true); // entry
  view.setBigUint64(32, 64n, true); // program header
  view.setUint16(52, 64, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, 1, true);
  view.setUint32(64, 1, true); // PT_LOAD
  view.setUint32(68, 5, true); // readable, executable
  view.setBigUint64(80, base, true);
  view.setBigUint64(88, base, true);
  view.setBigUint64(96, BigInt(bytes.length), true);
  view.setBigUint64(104, BigInt(bytes.length), true);
  view.setBigUint64(112, 0x1000n, true);
  bytes.set(instructions, headers);
  return bytes;
}
