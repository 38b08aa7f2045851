/** Plans: what `docs/integer.md` and `docs/float.md` say, in vectors; and around them the encoder of a bundle. The same bytes on every machine. */
export { begin, writeFrame, writeMessage } from "./frame";
export { encodeItem } from "./item";
export { open } from "./open";
export { quantise } from "./quantise";
export { run } from "./run";
