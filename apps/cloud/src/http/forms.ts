import type { FastifyReply } from "fastify";
import type { Decoded } from "../decode/decoded.ts";
import type { Turns } from "../turns.ts";
import { preferred } from "../forms/accept.ts";
import { FILE_FORMS, type FileForm } from "../forms/files.ts";
import type { Claim } from "../models/claim.ts";
import type { ServedModel } from "../models/served-model.ts";
import { Problem } from "../problems.ts";
import { JSON_TYPE } from "./media-types.ts";
import type { Content, JsonSchema } from "./route.ts";
import { sendText } from "./send-text.ts";

const TEXTS = [JSON_TYPE, "text/csv"];
/** Items' values and codes. */
const TEXT_NUMBERS = 2 ** 22;

/** Decoded items as an answer has them: JSON, or a file. */
export function formContents(schema: JsonSchema): Content[] {
  return [{ type: JSON_TYPE, schema }, ...FILE_FORMS.map(({ type }) => ({ type }))];
}

/**
 * The file form that a client asks for; undefined for JSON.
 *
 * @throws Problem `not-acceptable` where it wants none of them
 */
export function formAsked(accept: string | undefined, also: readonly string[] = []): FileForm | string | undefined {
  const types = [JSON_TYPE, ...also, ...FILE_FORMS.map(({ type }) => type)];
  const type = preferred(accept, types);
  if (type === undefined) throw new Problem("not-acceptable", `this is to be had as ${types.join(", ")}`);
  if (type === JSON_TYPE) return undefined;
  return FILE_FORMS.find((form) => form.type === type) ?? type;
}

/** @throws Problem `not-acceptable` for a form that is not for items of this model */
export function requireSuits(form: FileForm, model: ServedModel): void {
  if (form.suits(model)) return;
  const others = [JSON_TYPE, ...FILE_FORMS.filter(({ suits }) => suits(model)).map(({ type }) => type)];
  throw new Problem("not-acceptable", `items of this model are to be had as ${others.join(", ")}`);
}

/** @throws Problem `too-large` where JSON or CSV would have more numbers than anybody wants to read; what is too much in every form is left to decoding */
export function requireFew(form: FileForm | string | undefined, model: ServedModel, { items, symbols }: Claim): void {
  const type = typeof form === "object" ? form.type : JSON_TYPE;
  const numbers = items * model.features + symbols;
  if (numbers <= TEXT_NUMBERS || !TEXTS.includes(type) || !model.takes({ items, symbols })) return;
  const others = FILE_FORMS.filter((one) => one.suits(model) && !TEXTS.includes(one.type)).map((one) => one.type);
  throw new Problem("too-large", `${numbers} numbers are too many for ${type}; ask for ${others.join(" or ")}`, {
    limit: TEXT_NUMBERS,
  });
}

/** How many of decoded streams, from the first, have items of one shape, and so can be one file. */
export function sameShape(decoded: readonly Decoded[]): number {
  const shape = String(decoded[0]?.shape);
  const other = decoded.findIndex((one) => String(one.shape) !== shape);
  return other < 0 ? decoded.length : other;
}

/** Sends a file of items; without any, nothing, 204. */
export async function sendForm(
  reply: FastifyReply,
  form: FileForm,
  model: ServedModel,
  decoded: readonly Decoded[],
  turns: Turns,
): Promise<FastifyReply> {
  const [first, ...others] = decoded.filter(({ count }) => count > 0);
  if (!first) return await reply.code(204).send();
  const content = form.content(model, [first, ...others]);
  if (!(content instanceof Uint8Array)) return await sendText(reply, form.type, content, turns);
  return await reply.type(form.type).send(Buffer.from(content));
}
