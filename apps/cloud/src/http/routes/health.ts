import { Problem } from "../../problems.ts";
import type { Service } from "../../service.ts";
import { JSON_TYPE } from "../media-types.ts";
import type { Route } from "../route.ts";
import { answers } from "../schemas.ts";

export function healthRoutes({ store, metrics }: Pick<Service, "store" | "metrics">): Route[] {
  const ok = { 200: { description: "it does", content: [{ type: JSON_TYPE, schema: answers.health }] } };
  return [
    {
      method: "GET",
      url: "/healthz",
      summary: "Whether the process answers.",
      answers: ok,
      handle: async () => ({ status: "ok" }),
    },
    {
      method: "GET",
      url: "/readyz",
      summary: "Whether frames can be stored now.",
      answers: ok,
      problems: ["unavailable"],
      handle: async () => {
        await store.check().catch(() => {
          throw new Problem("unavailable", "the database cannot be written to");
        });
        return { status: "ok" };
      },
    },
    {
      method: "GET",
      url: "/metrics",
      summary: "Figures for Prometheus.",
      answers: { 200: { description: "them", content: [{ type: "text/plain" }] } },
      handle: async (_, reply) => {
        reply.type(metrics.registry.contentType);
        return await metrics.registry.metrics();
      },
    },
  ];
}
