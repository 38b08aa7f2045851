import type { Service } from "../../service.ts";
import { Problem, refusalOf } from "../../problems.ts";
import { JSON_TYPE, PARCELS } from "../media-types.ts";
import type { Route } from "../route.ts";
import { answers } from "../schemas.ts";

export function frameRoutes({ ingest }: Pick<Service, "ingest">, maxBody: number): Route[] {
  return [
    {
      method: "POST",
      url: "/v1/frames",
      summary: "Store frames; the answer comes when they are durable.",
      roles: ["device", "operator"],
      body: { types: [PARCELS], limit: maxBody, description: "one or more parcels, one after the other" },
      answers: {
        200: {
          description: "all are stored, or were before",
          content: [{ type: JSON_TYPE, schema: answers.results }],
        },
      },
      problems: [
        ...(["bad-frame", "other-device", "unknown-model", "sequence-taken"] as const),
        ...(["too-large", "unsupported-media-type", "unavailable"] as const),
      ],
      isHeavy: true,
      handle: async ({ body }, _, holder) => {
        const results = await ingest.accept(bytesOf(body), holder);
        const refusal = refusalOf(results);
        if (refusal) throw refusal;
        return { results };
      },
    },
  ];
}

/** @throws Problem for a body without a byte */
export function bytesOf(body: unknown): Uint8Array {
  if (body instanceof Uint8Array && body.length > 0) return body;
  throw new Problem("bad-frame", "byte 0: the body is empty", { code: "PARCEL_TRUNCATED", offset: 0 });
}
