/** Ranges and versions as npm has them. */
export function intersects(left: string, right: string, options?: { readonly includePrerelease?: boolean }): boolean;
export function minVersion(range: string): { readonly version: string } | null;
export function satisfies(version: string, range: string, options?: { readonly includePrerelease?: boolean }): boolean;
export function valid(version: string): string | null;
export function validRange(range: string): string | null;
