/**
 * Engines make a constant vector anew, in three instructions, wherever it is used, in every turn of a loop; what they cannot know they keep, in
 * registers or on the stack. So constants of loops become variables of the module that nobody changes, which a function reads when it begins.
 */

const CONSTANT = /v128\.const i32x4 (0x[0-9a-f]+)(?: \1){3}$/;
/** Made by one instruction, unlike others. */
const ZERO = "0x00000000";

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

/** The function with its constants kept, each of them added to `globals`, names by value. */
function keepInFunction(text, globals) {
  const [, head, body] = text.match(/^( \(func .*\n(?: {2}\(local .*\n)*)([^]*)$/);
  const lines = body.split("\n");
  const kept = [...constantsOfLoops(lines)];
  for (const value of kept) if (!globals.has(value)) globals.set(value, `$constant${globals.size}`);
  const locals = kept.map((_, i) => `  (local $kept${i} v128)\n`);
  const reads = kept.map((value, i) => `  global.get ${globals.get(value)}\n  local.set $kept${i}\n`);
  const uses = lines.map((line) => {
    const i = kept.indexOf(line.match(CONSTANT)?.[1]);
    return i < 0 ? line : `  local.get $kept${i}`;
  });
  return head + locals.join("") + reads.join("") + uses.join("\n");
}

function constantsOfLoops(lines) {
  const found = new Set();
  const blocks = [];
  for (const line of lines) {
    const [word] = line.trim().split(" ");
    if (word === "loop" || word === "block" || word === "if") blocks.push(word);
    if (word === "end") blocks.pop();
    const value = line.match(CONSTANT)?.[1];
    if (value !== undefined && value !== ZERO && blocks.includes("loop")) found.add(value);
  }
  return found;
}
