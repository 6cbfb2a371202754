/**
 * Which files are tool manifests. A folder holds one program and a manifest for each tool that is made of it, so that tools which share
 * files share one copy of them.
 */

const manifestName = /^(?:(?<tool>.+)\.)?tool\.(?:ya?ml|json)$/u;

/**
 * Tells manifests by their names: `tool.yaml`, or `NAME.tool.yaml` where a folder holds several; also `.yml` and `.json`.
 * @param fileName - without its folder
 * @returns whether it is one
 */
export function isManifestFile(fileName: string): boolean {
  return manifestName.test(fileName);
}

/**
 * Compares a manifest's file name with the tool in it, so that a listing of the folder says which tools there are.
 * @param fileName - of a manifest, without its folder
 * @param tool - the name in it
 * @returns false when the file's name is that of another tool
 */
export function namesTool(fileName: string, tool: string): boolean {
  const named = manifestName.exec(fileName)?.groups?.["tool"];
  return named === undefined || named === tool;
}
