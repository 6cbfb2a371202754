/** Reads the files of a crew folder from disk. */
import { constants, open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileBytesMax, SourceFailure } from "@toka/runtime";
import { crewAgentsMax } from "../definition/crew-schema.ts";
import type { CrewFiles } from "./crew-definition.ts";
import { crewFileName } from "./read-crew.ts";

const yamlName = /^[^.].*\.ya?ml$/u;

/**
 * Reads `crew.yaml` and `agents/*.yaml` below `folder`. Of a file that is too large only the first bytes are read: enough
 * for the reader to refuse it by its size.
 * @returns the files by relative path; without `crew.yaml` when there is none
 * @throws SourceFailure when the folder cannot be read
 */
export async function readCrewFolder(folder: string): Promise<CrewFiles> {
  const files = new Map<string, Uint8Array>();
  const crew = await readBounded(join(folder, crewFileName));
  if (crew !== undefined) files.set(crewFileName, crew);
  const agents = await namesIn(join(folder, "agents"));
  // One more than allowed is enough for the reader to refuse the crew.
  for (const name of agents.slice(0, crewAgentsMax + 1)) {
    const bytes = await readBounded(join(folder, "agents", name));
    if (bytes !== undefined) files.set(`agents/${name}`, bytes);
  }
  return files;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).filter((name) => yamlName.test(name)).sort();
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw unreadable(folder, error);
  }
}

/**
 * Reads a file as far as a reader needs it to accept or refuse it.
 * @returns at most one byte more than `fileBytesMax`; undefined when there is no such file
 * @throws SourceFailure when it is there and cannot be read
 */
export async function readBounded(path: string): Promise<Uint8Array | undefined> {
  try {
    // Without blocking, for a named pipe would hold the reader until somebody writes into it.
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stat = await handle.stat();
      const { size } = stat;
      if (!stat.isFile()) throw complaint(path, "it is no regular file");
      const buffer = new Uint8Array(fileBytesMax + 1);
      let filled = 0;
      while (filled < buffer.byteLength) {
        const { bytesRead } = await handle.read(buffer, filled, buffer.byteLength - filled, filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      if (size > fileBytesMax && filled > fileBytesMax) {
        throw complaint(path, `it has ${size} bytes, at most ${fileBytesMax} are allowed`);
      }
      return buffer.slice(0, filled);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): Error {
  return error instanceof SourceFailure ? error : complaint(path, codeOf(error));
}

function complaint(path: string, state: string): SourceFailure {
  return new SourceFailure(path, [
    { at: { file: path, line: 1, column: 1 }, message: `Cannot read the file: ${state}` },
  ]);
}

function codeOf(error: unknown): string {
  const code: unknown = typeof error === "object" && error !== null ? Reflect.get(error, "code") : undefined;
  return typeof code === "string" ? code : String(error);
}
