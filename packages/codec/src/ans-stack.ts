/**
 * Range asymmetric numeral systems (Duda 2009 and 2013) as a stack that is pushed to and popped from in any order, which is what bits-back coding
 * needs: `pop` undoes `push`, and `push` undoes `pop`, exactly.
 *
 * The state x is in [2^32, 2^48) and totals are 2^b, b <= 32. A pop leaves y in [f 2^(32 - b), f 2^(48 - b)), and takes words
 * while y < 2^32; the first that takes it there takes it into [2^32, 2^48). A push lets words go until x < f 2^(48 - b), which is
 * where it was before the pop took any: the pop's y was below that, and with one word less in it, x is too large.
 * Of a state that long, rounding loses next to nothing. All numbers are integers below 2^53, hence exact, and so are floors
 * of their quotients.
 */
const WORD = 0x10000;
const LOWER = WORD * WORD;
const STATE_BITS = 48;
const STATE_BYTES = STATE_BITS / 8;

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
  while (stack.x >= f * 2 ** (STATE_BITS - precision)) {
    if (stack.length === stack.words.length) grow(stack);
    const upper = Math.floor(stack.x / WORD);
    stack.words[stack.length++] = stack.x - upper * WORD;
    stack.x = upper;
  }
  const quotient = Math.floor(stack.x / f);
  stack.x = quotient * 2 ** precision + (stack.x - quotient * f) + c;
}

function grow(stack: AnsStack): void {
  const grown = new Uint16Array(2 * stack.words.length);
  grown.set(stack.words);
  stack.words = grown;
}

/** Where the top symbol lies: start <= slot < start + frequency, out of 2^precision. */
export function slotOf({ x }: AnsStack, precision: number): number {
  return x % 2 ** precision;
}

/**
 * Takes the symbol that `slotOf` found off the stack.
 *
 * @returns false when the stack has too few words: it is then of no further use
 */
export function pop(stack: AnsStack, c: number, f: number, precision: number): boolean {
  const upper = Math.floor(stack.x / 2 ** precision);
  stack.x = f * upper + (stack.x - upper * 2 ** precision) - c;
  while (stack.x < LOWER) {
    if (stack.length === 0) return false;
    stack.x = stack.x * WORD + stack.words[--stack.length]!;
  }
  return true;
}

/** The state (u48), then the words in the order in which they are popped (u16), little-endian. */
export function stackToBytes({ x, words, length }: AnsStack): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(STATE_BYTES + 2 * length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, x % LOWER, true);
  view.setUint16(4, x / LOWER, true);
  for (let i = 0; i < length; i++) view.setUint16(STATE_BYTES + 2 * i, words[length - 1 - i]!, true);
  return bytes;
}

/** What `stackToBytes` wrote, or undefined for bytes that it does not write. */
export function stackFromBytes(bytes: Uint8Array): AnsStack | undefined {
  if (bytes.length < STATE_BYTES || bytes.length % 2 !== 0) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const x = view.getUint32(0, true) + view.getUint16(4, true) * LOWER;
  if (x < LOWER) return undefined;
  const length = (bytes.length - STATE_BYTES) / 2;
  const words = new Uint16Array(Math.max(length, 256));
  for (let i = 0; i < length; i++) words[length - 1 - i] = view.getUint16(STATE_BYTES + 2 * i, true);
  return { x, words, length };
}
