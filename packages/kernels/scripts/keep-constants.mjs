/**
 * Engines make a constant vector anew, in three instructions, wherever it is used, in every turn of a loop; what they cannot know they keep, in
 * registers or on the stack. So constants of loops become variables of the module that nobody changes, which a function reads when it begins:
 * `log` takes two thirds of its time.
 */

const CONSTANT = /v128\.const i32x4 (0x[0-9a-f]+)(?: \1){3}$/;
/** Made by one instruction. */
const CHEAP = new Set(["0x00000000", "0xffffffff"]);

/**
 * @param wat as Binaryen writes it: an instruction or a declaration a line
 * @returns it with constants of loops kept; those that differ between lanes stay
 */
export function keepConstants(wat) {
  const globals = new Map();
  const functions = wat.replace(/^ \(func [^]*?^ \)$/gm, (text) => keepInFunction(text, globals));
  const declared = [...globals].map(
    ([value, name]) => ` (global ${name} (mut v128) (v128.const i32x4${` ${value}`.repeat(4)}))\n`,
  );
  return functions.replace(/^ \((?!type|import)/m, (first) => declared.join("") + first);
}

/** Names in `globals`, by value, the constants that the function wants. */
function keepInFunction(text, globals) {
  const [, head, body] = text.match(/^( \(func .*\n(?: {2}\(local .*\n)*)([^]*)$/);
  const kept = new Map();
  const blocks = [];
  const keeping = body.split("\n").map((line) => {
    const [word] = line.trim().split(" ");
    if (word === "loop" || word === "block" || word === "if") blocks.push(word);
    if (word === "end") blocks.pop();
    const value = line.match(CONSTANT)?.[1];
    if (value === undefined || CHEAP.has(value) || !blocks.includes("loop")) return line;
    if (!kept.has(value)) kept.set(value, `$kept${kept.size}`);
    return `  local.get ${kept.get(value)}`;
  });
  const locals = [...kept.values()].map((local) => `  (local ${local} v128)\n`);
  const reads = [...kept].map(([value, local]) => {
    if (!globals.has(value)) globals.set(value, `$constant${globals.size}`);
    return `  global.get ${globals.get(value)}\n  local.set ${local}\n`;
  });
  return head + locals.join("") + reads.join("") + keeping.join("\n");
}
