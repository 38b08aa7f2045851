/**
 * The rANS coder of `rans.ts` as a stack that is pushed to and popped from in any order, which is what bits-back coding
 * needs: `pop` undoes `push`, and `push` undoes `pop`, exactly.
 *
 * The state x is in [2^16, 2^32) and totals are at most 2^16. A pop leaves y in [f 2^(16 - b), f 2^(32 - b)), and takes a
 * word when y < 2^16, which puts it at f 2^(32 - b) or above; so a push lets a word go exactly when the pop took one.
 */
const WORD = 0x10000;
const LOWER = WORD;
const STATE_BYTES = 4;

export interface AnsStack {
  x: number;
  /** The last of `length` words is the next to be popped. */
  words: Uint16Array<ArrayBuffer>;
  length: number;
}

export function emptyStack(): AnsStack {
  return { x: LOWER, words: new Uint16Array(256), length: 0 };
}

/** Whether a stack is as `emptyStack` made it. */
export function isEmpty({ x, length }: AnsStack): boolean {
  return x === LOWER && length === 0;
}

/** Puts the symbol of frequency f >= 1 and start c out of 2^precision on the stack. */
export function push(stack: AnsStack, c: number, f: number, precision: number): void {
  if (stack.x >= f * WORD * (WORD >>> precision)) {
    if (stack.length === stack.words.length) grow(stack);
    stack.words[stack.length++] = stack.x & 0xffff;
    stack.x >>>= 16;
  }
  const r = stack.x % f;
  stack.x = ((stack.x - r) / f) * 2 ** precision + r + c;
}

function grow(stack: AnsStack): void {
  const grown = new Uint16Array(2 * stack.words.length);
  grown.set(stack.words);
  stack.words = grown;
}

/** Where the top symbol lies: start <= slot < start + frequency, out of 2^precision. */
export function slotOf({ x }: AnsStack, precision: number): number {
  return x & (2 ** precision - 1);
}

/**
 * Takes the symbol that `slotOf` found off the stack.
 *
 * @returns false when the stack has too few words: it is then of no further use
 */
export function pop(stack: AnsStack, c: number, f: number, precision: number): boolean {
  const slot = slotOf(stack, precision);
  stack.x = f * (stack.x >>> precision) + slot - c;
  if (stack.x >= LOWER) return true;
  if (stack.length === 0) return false;
  stack.x = stack.x * WORD + stack.words[--stack.length]!;
  return true;
}

/** The state (u32), then the words in the order in which they are popped (u16), little-endian. */
export function stackToBytes({ x, words, length }: AnsStack): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(STATE_BYTES + 2 * length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, x, true);
  for (let i = 0; i < length; i++) view.setUint16(STATE_BYTES + 2 * i, words[length - 1 - i]!, true);
  return bytes;
}

/** What `stackToBytes` wrote, or undefined for bytes that it does not write. */
export function stackFromBytes(bytes: Uint8Array): AnsStack | undefined {
  if (bytes.length < STATE_BYTES || bytes.length % 2 !== 0) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const x = view.getUint32(0, true);
  if (x < LOWER) return undefined;
  const length = (bytes.length - STATE_BYTES) / 2;
  const words = new Uint16Array(Math.max(length, 256));
  for (let i = 0; i < length; i++) words[length - 1 - i] = view.getUint16(STATE_BYTES + 2 * i, true);
  return { x, words, length };
}
