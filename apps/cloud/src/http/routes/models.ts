import { IsthmusError } from "@isthmus/math";
import type { FastifyRequest } from "fastify";
import { modelJson } from "../../forms/model-json.ts";
import { Problem } from "../../problems.ts";
import type { Service } from "../../service.ts";
import { answerFile } from "../file-answer.ts";
import { BYTES, JSON_TYPE } from "../media-types.ts";
import type { Answer, Route } from "../route.ts";
import { answers, bundleQuery, modelParams } from "../schemas.ts";

const FILE: Readonly<Record<number, Answer>> = {
  200: { description: "the file, its SHA-256 as Digest and ETag", content: [{ type: BYTES }] },
  304: { description: "the file is the one that If-None-Match names", content: [] },
};
const KEPT: Readonly<Record<number, Answer>> = {
  200: { description: "it was there before", content: [{ type: JSON_TYPE, schema: answers.model }] },
  201: { description: "it is kept now", content: [{ type: JSON_TYPE, schema: answers.model }] },
};

export function modelRoutes({ models }: Pick<Service, "models">, maxModel: number): Route[] {
  const file: Route["handle"] = async (request, reply) => {
    const known = await models.known(idOf(request));
    if (known) return await answerFile(request, reply, known);
    throw new Problem("not-found", `model ${idOf(request)} is not here`);
  };
  const bundle: Route["handle"] = async (request, reply) => {
    const id = idOf(request);
    const { quality } = request.query as { readonly quality?: number };
    const known = await unlessUnfit(() => models.bundle(id, quality));
    if (known) return await answerFile(request, reply, known);
    const model = await models.find(id);
    const lacks = quality === undefined ? "has no encoder for devices" : `has no quality ${quality}`;
    throw new Problem("not-found", `model ${id} ${model ? lacks : "is not here"}`);
  };
  const put = async (part: "model" | "bundle", ...[request, reply]: Parameters<Route["handle"]>) => {
    const id = idOf(request);
    const bytes = request.body instanceof Uint8Array ? request.body : new Uint8Array(0);
    if (part === "bundle" && !(await models.find(id))) throw new Problem("not-found", `model ${id} is not here`);
    const isThere = await keeping(() => (part === "model" ? models.put(id, bytes) : models.putBundle(id, bytes)));
    reply.code(isThere ? 200 : 201);
    return modelJson((await models.find(id))!);
  };
  const body = { types: [BYTES], limit: maxModel };
  return [
    {
      method: "GET",
      url: "/v1/models",
      summary: "The models that frames can be of.",
      roles: ["reader", "operator"],
      answers: { 200: { description: "all of them", content: [{ type: JSON_TYPE, schema: answers.models }] } },
      problems: ["unavailable"],
      handle: async () => {
        const found = await Promise.all((await models.ids()).map((id) => models.find(id)));
        return { models: found.flatMap((model) => (model ? [modelJson(model)] : [])) };
      },
    },
    {
      method: "GET",
      url: "/v1/models/:id",
      summary: "A model's whole file, for who decodes elsewhere.",
      roles: ["reader", "operator"],
      params: modelParams,
      answers: FILE,
      problems: ["invalid-request", "not-found", "unavailable"],
      handle: file,
    },
    {
      method: "PUT",
      url: "/v1/models/:id",
      summary: "Keep a model for all instances of the service.",
      roles: ["operator"],
      params: modelParams,
      body: { ...body, description: "the .safetensors file of the model with this id" },
      answers: KEPT,
      problems: ["invalid-request", "invalid-model", "too-large", "unsupported-media-type", "unavailable"],
      handle: (...given) => put("model", ...given),
    },
    {
      method: "GET",
      url: "/v1/models/:id/bundle",
      summary: "The encoder of a model, for devices: an operator's bundle, or one in float32.",
      roles: ["device", "reader", "operator"],
      params: modelParams,
      query: bundleQuery,
      answers: FILE,
      problems: ["invalid-request", "not-found", "unavailable"],
      handle: bundle,
    },
    {
      method: "PUT",
      url: "/v1/models/:id/bundle",
      summary: "Keep the encoder that devices are to have of a model.",
      roles: ["operator"],
      params: modelParams,
      body: { ...body, description: "the .isthb file of the model with this id" },
      answers: KEPT,
      problems: [
        ...(["invalid-request", "not-found", "invalid-model", "too-large"] as const),
        ...(["unsupported-media-type", "unavailable"] as const),
      ],
      handle: (...given) => put("bundle", ...given),
    },
  ];
}

/** An encoder that devices cannot run is none for them. */
async function unlessUnfit<R>(body: () => Promise<R>): Promise<R> {
  try {
    return await body();
  } catch (error) {
    if (error instanceof IsthmusError && error.code.startsWith("DEPLOY_"))
      throw new Problem("not-found", error.message);
    throw error;
  }
}

/** What is wrong with a file is the operator's to know; that nothing can be kept now is another thing. */
async function keeping(keep: () => Promise<boolean>): Promise<boolean> {
  try {
    return await keep();
  } catch (error) {
    if (!(error instanceof IsthmusError) || error.code === "STORE_UNAVAILABLE" || error.code === "OVERLOADED")
      throw error;
    throw new Problem("invalid-model", error.message, { code: error.code });
  }
}

function idOf({ params }: FastifyRequest): string {
  return (params as { readonly id: string }).id;
}
