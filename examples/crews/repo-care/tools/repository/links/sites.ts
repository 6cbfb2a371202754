/** Folders whose pages a generator makes a site of: links there may lead to addresses that only the built site has. */
import type { Listing } from "../catalogue/listing.ts";
import { parentOf } from "./tree.ts";

/** Settings of generators; those in a folder of their own stand for the folder above. */
const settings =
  /(?:^|\/)(?:mkdocs\.ya?ml|_config\.ya?ml|docusaurus\.config\.[cm]?[jt]s|book\.toml|hugo\.(?:toml|ya?ml|json)|\.vitepress\/config\.[cm]?[jt]s|\.vuepress\/config\.[jt]s|astro\.config\.[cm]?[jt]s|(?:\.eleventy|eleventy\.config)\.[cm]?js|gatsby-config\.[jt]s|antora\.yml|docs\.json|mint\.json)$/u;

/**
 * Finds the sites of a listing. The front page of the repository belongs to none: it is read where it lies.
 * @returns a test for the path of a page
 */
export function sitesOf({ entries }: Listing): (page: string) => boolean {
  const folders = new Set<string>();
  for (const { path } of entries) {
    if (!settings.test(path)) continue;
    const folder = parentOf(path);
    folders.add(/(?:^|\/)\.(?:vite|vue)press$/u.test(folder) ? parentOf(folder) : folder);
  }
  return (page) => {
    if (!page.includes("/")) return false;
    for (let folder = parentOf(page); ; folder = parentOf(folder)) {
      if (folders.has(folder)) return true;
      if (folder === "") return false;
    }
  };
}
