import type { FastifyReply, FastifyRequest } from "fastify";
import { Problem } from "../../problems.ts";
import type { Service } from "../../service.ts";
import { formAsked, formContents, sendForm } from "../forms.ts";
import { itemsFile, itemsPage, itemsParcels, type PageQuery } from "../items-page.ts";
import { JSON_TEXT, JSON_TYPE, PARCELS } from "../media-types.ts";
import type { Route } from "../route.ts";
import { sendText } from "../send-text.ts";
import { answers, deviceParams, devicesQuery, itemsQuery } from "../schemas.ts";

const READERS = ["reader", "operator"] as const;

export function deviceRoutes(service: Pick<Service, "store" | "models" | "decoder" | "turns">): Route[] {
  const { store } = service;
  return [
    {
      method: "GET",
      url: "/v1/devices",
      summary: "Devices that have sent frames, ordered by name.",
      roles: READERS,
      query: devicesQuery,
      answers: { 200: { description: "a page of them", content: [{ type: JSON_TYPE, schema: answers.devices }] } },
      problems: ["invalid-request", "unavailable"],
      handle: async ({ query }) => {
        const { after, limit } = query as { readonly after?: string; readonly limit: number };
        const found = await store.devices({ limit: limit + 1, ...(after !== undefined && { after }) });
        const devices = found.slice(0, limit);
        const more = found.length > limit && { next: devices.at(-1)!.device };
        return { devices, totals: await store.totals(), ...more };
      },
    },
    {
      method: "GET",
      url: "/v1/devices/:id",
      summary: "A device: how much it has sent, and when.",
      roles: READERS,
      params: deviceParams,
      answers: { 200: { description: "the device", content: [{ type: JSON_TYPE, schema: answers.device }] } },
      problems: ["invalid-request", "not-found", "unavailable"],
      handle: async (request) => await deviceOf(service, idOf(request)),
    },
    {
      method: "GET",
      url: "/v1/devices/:id/items",
      summary: "What a device has sent, decoded; as parcels, as it was stored.",
      roles: READERS,
      params: deviceParams,
      query: itemsQuery,
      answers: {
        200: {
          description: "a page of frames with their items, ordered by time, then sequence; Link names the next",
          content: [...formContents(answers.items), { type: PARCELS }],
        },
        204: { description: "no items, where a file was asked for", content: [] },
      },
      problems: ["invalid-request", "not-found", "unknown-model", "not-acceptable", "unavailable"],
      isHeavy: true,
      handle: async (request, reply) => await items(service, request, reply),
    },
  ];
}

async function deviceOf({ store }: Pick<Service, "store">, id: string) {
  const device = await store.device(id);
  if (device) return device;
  throw new Problem("not-found", `device ${id} has sent nothing`);
}

async function items(
  service: Pick<Service, "store" | "models" | "decoder" | "turns">,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const query: PageQuery = { device: idOf(request), ...(request.query as Omit<PageQuery, "device">) };
  const form = formAsked(request.headers.accept, [PARCELS]);
  await deviceOf(service, query.device);
  if (form === undefined) {
    const { text, next } = await itemsPage(service, query);
    link(request, reply, next);
    return await sendText(reply, JSON_TEXT, text, service.turns);
  }
  if (typeof form === "string") {
    const { bytes, next } = await itemsParcels(service, query);
    link(request, reply, next);
    return await (bytes.length === 0 ? reply.code(204).send() : reply.type(PARCELS).send(bytes));
  }
  const { model, decoded, next } = await itemsFile(service, query, form);
  link(request, reply, next);
  return await (model ? sendForm(reply, form, model, decoded, service.turns) : reply.code(204).send());
}

/** The address of the next page, in a header, as a file has no room for it. */
function link(request: FastifyRequest, reply: FastifyReply, next: string | undefined): void {
  if (next === undefined) return;
  const url = new URL(request.url, "http://service");
  url.searchParams.set("after", next);
  reply.header("Link", `<${url.pathname}${url.search}>; rel="next"`);
}

function idOf({ params }: FastifyRequest): string {
  return (params as { readonly id: string }).id;
}
