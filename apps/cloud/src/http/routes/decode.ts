import type { Decoded } from "../../decode/decoded.ts";
import { itemsJson } from "../../forms/items-json.ts";
import { modelJson } from "../../forms/model-json.ts";
import { LongWork } from "../../long-work.ts";
import { claimOf } from "../../models/claim.ts";
import type { ServedModel } from "../../models/served-model.ts";
import { Problem } from "../../problems.ts";
import type { Service } from "../../service.ts";
import { formAsked, formContents, requireFew, requireSuits, sameShape, sendForm } from "../forms.ts";
import { JSON_TEXT, STREAM } from "../media-types.ts";
import type { Route } from "../route.ts";
import { sendText } from "../send-text.ts";
import { answers } from "../schemas.ts";
import { bytesOf } from "./frames.ts";

export function decodeRoutes(
  { models, decoder, turns }: Pick<Service, "models" | "decoder" | "turns">,
  maxBody: number,
): Route[] {
  return [
    {
      method: "POST",
      url: "/v1/decode",
      summary: "Decode one or more streams of one model; nothing is stored.",
      roles: ["reader", "operator"],
      body: { types: [STREAM], limit: maxBody, description: "one or more .isth streams, one after the other" },
      answers: { 200: { description: "the items", content: formContents(answers.decoded) } },
      problems: ["bad-frame", "unknown-model", "not-acceptable", "too-large", "unsupported-media-type", "unavailable"],
      isHeavy: true,
      handle: async ({ body, headers }, reply) => {
        const bytes = bytesOf(body);
        const form = formAsked(headers.accept);
        const claim = await new LongWork(turns).run(claimOf(bytes));
        const id = claim.model;
        const model = await models.find(id);
        if (!model) throw new Problem("unknown-model", `model ${id} is not here`, { model: id });
        if (typeof form === "object") requireSuits(form, model);
        requireFew(form, model, claim);
        const decoded = await decoder.decode(model, bytes);
        if (typeof form !== "object") return await sendText(reply, JSON_TEXT, decodedJson(model, decoded), turns);
        if (sameShape(decoded) < decoded.length) {
          throw new Problem("not-acceptable", "the pictures have several sizes; send them one by one, or ask for JSON");
        }
        return await sendForm(reply, form, model, decoded, turns);
      },
    },
  ];
}

function* decodedJson(model: ServedModel, decoded: readonly Decoded[]): Generator<string> {
  yield `{"model":${JSON.stringify(modelJson(model))},"items":[`;
  yield* itemsJson(model, decoded);
  yield "]}";
}
