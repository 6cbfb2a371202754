/** A link's target as it is shown: short, and with no secret whole, since addresses hold passwords and tokens. */
import { toBytes } from "../byte-path.ts";
import { toByteText } from "../catalogue/byte-text.ts";
import { detectSecrets } from "../secrets/detect.ts";
import { masked } from "../secrets/secret.ts";

/** Characters that are looked through for secrets: far more than are shown, so that none is cut and then not known. */
const readCharsMax = 5000;
/** Characters that are shown. */
const shownCharsMax = 300;

/**
 * Cuts a target, and masks the secrets in it.
 * @returns a text of its own, which keeps nothing of the page
 */
export function shownTarget(target: string): string {
  const text = toByteText(target.slice(0, readCharsMax));
  const { secrets, allowed } = detectSecrets("page.md", text);
  let shown = "";
  let copied = 0;
  for (const secret of [...secrets, ...allowed].toSorted((left, right) => left.start - right.start)) {
    shown += text.slice(copied, secret.start) + masked(text.slice(secret.start, secret.end), secret);
    copied = secret.end;
  }
  shown += text.slice(copied);
  const characters = [...toBytes(shown).toString("utf8")];
  return characters.length <= shownCharsMax ? characters.join("") : `${characters.slice(0, shownCharsMax).join("")}...`;
}
