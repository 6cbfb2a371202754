/** What a program may do to a tree, and what must be as before when it is undone. Each starts from the same furnished workspace. */

/** Furnishes the workspace, before anything is recorded. */
export const furniture = `
  mkdir -p src/deep closed; printf 'one\\ntwo\\nthree\\n' > text.txt; : > empty; printf 'a\\0b\\377' > bytes.bin
  printf 'inner\\n' > src/deep/inner; ln -s text.txt link; ln -s src linked-folder; ln -s nowhere dangling
  printf '#!/bin/sh\\n' > run.sh; chmod 755 run.sh; chmod 640 text.txt; printf x > closed/x; chmod 700 src
  printf 'named\\n' > "$(printf 'two\\nlines')"; printf 'star\\n' > 'end*'
`;

/** One program. */
export interface WorkCase {
  readonly does: string;
  readonly script: string;
}

/** The programs. */
export const workCases: readonly WorkCase[] = [
  { does: "changes a text", script: "echo more >> text.txt" },
  { does: "makes a file", script: "echo new > fresh" },
  { does: "makes an empty file", script: ": > fresh" },
  { does: "fills an empty file", script: "echo no longer > empty" },
  { does: "empties a file", script: ": > text.txt" },
  { does: "removes a file", script: "rm text.txt" },
  { does: "removes an empty file", script: "rm empty" },
  { does: "changes bytes that are no text", script: "printf '\\000\\001\\377' >> bytes.bin" },
  { does: "removes bytes that are no text", script: "rm bytes.bin" },
  { does: "renames a file", script: "mv text.txt other.txt" },
  { does: "renames a folder", script: "mv src moved" },
  { does: "renames one file onto another", script: "mv text.txt run.sh" },
  { does: "swaps two files", script: "mv text.txt t; mv run.sh text.txt; mv t run.sh" },
  { does: "changes the mode of a file", script: "chmod 600 run.sh" },
  { does: "changes the mode of a folder", script: "chmod 750 src" },
  { does: "closes a folder and takes what was in it", script: "rm closed/x; chmod 555 closed" },
  { does: "closes a folder and adds to it", script: "echo y > closed/y; chmod 555 closed" },
  { does: "changes mode and bytes", script: "echo more >> run.sh; chmod 644 run.sh" },
  { does: "makes folders in folders", script: "mkdir -p a/b/c; echo d > a/b/c/d; mkdir a/e" },
  { does: "makes a folder of its own mode", script: "mkdir -m 711 a" },
  { does: "removes a folder with all in it", script: "rm -r src" },
  { does: "replaces a file by a folder", script: "rm text.txt; mkdir text.txt; echo in > text.txt/in" },
  { does: "replaces a folder by a file", script: "rm -r src; echo src > src" },
  { does: "replaces a folder by a link", script: "rm -r src; ln -s closed src" },
  { does: "replaces a file by a link", script: "rm text.txt; ln -s run.sh text.txt" },
  { does: "replaces a link by a file", script: "rm link; echo file > link" },
  { does: "replaces a link by a folder", script: "rm linked-folder; mkdir linked-folder; echo in > linked-folder/in" },
  { does: "makes a link", script: "ln -s text.txt second" },
  { does: "bends a link", script: "ln -sfn run.sh link" },
  { does: "removes links", script: "rm link linked-folder dangling" },
  {
    does: "names a file over two lines",
    script: "echo x > \"$(printf 'new\\nname')\"; rm \"$(printf 'two\\nlines')\"",
  },
  { does: "names files that no permission can name", script: "echo x > 'fresh*'; rm 'end*'" },
  { does: "writes a large file", script: "head -c 20000000 /dev/zero > large; head -c 3000000 /dev/zero >> text.txt" },
  { does: "makes many files", script: "mkdir many; i=0; while [ $i -lt 60 ]; do echo $i > many/$i; i=$((i+1)); done" },
  { does: "does nothing in the end", script: "echo x > t; rm t; cp -p text.txt t; mv t text.txt" },
];
