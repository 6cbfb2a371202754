// What the tools need of npm's semantic versions. Imported one by one: the package as a whole is three times as large.
import intersects from "semver/ranges/intersects.js";
import minVersion from "semver/ranges/min-version.js";
import satisfies from "semver/functions/satisfies.js";
import valid from "semver/functions/valid.js";
import validRange from "semver/ranges/valid.js";

export { intersects, minVersion, satisfies, valid, validRange };
