import { type ProblemKind, PROBLEMS } from "../problems.ts";
import { PROBLEM } from "./media-types.ts";
import type { Answer, Content, JsonSchema, Route } from "./route.ts";
import { problem } from "./schemas.ts";

/** The OpenAPI 3.1 document of these routes: of the same tables that they are served and checked by. */
export function openApi(routes: readonly Route[], version: string): JsonSchema {
  const paths: Record<string, Record<string, JsonSchema>> = {};
  for (const route of routes) {
    const path = route.url.replaceAll(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Isthmus decoder service",
      version,
      description: "Stores what devices send, compressed, and decodes it on request.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    paths,
    components: {
      securitySchemes: { token: { type: "http", scheme: "bearer", description: "<role>.<name>.<generation>.<mac>" } },
      schemas: { Problem: problem },
    },
  };
}

function operation(route: Route): JsonSchema {
  const { summary, roles, params, query, body, answers } = route;
  return {
    summary,
    operationId: operationId(route),
    ...(roles && { security: [{ token: [] }], description: `For tokens of the roles ${roles.join(", ")}.` }),
    parameters: [...parameters("path", params), ...parameters("query", query)],
    ...(body && {
      requestBody: {
        required: true,
        description: body.description,
        content: contents(body.types.map((type) => ({ type }))),
      },
    }),
    responses: {
      ...Object.fromEntries(Object.entries(answers).map(([status, answer]) => [status, response(answer)])),
      ...problemResponses(route),
    },
  };
}

/** `getV1DevicesIdItems`. */
function operationId({ method, url }: Route): string {
  const words = url.split(/[/:]+/).filter((word) => word !== "");
  return method.toLowerCase() + words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join("");
}

function parameters(place: "path" | "query", schema: JsonSchema | undefined): JsonSchema[] {
  const { properties = {}, required = [] } = (schema ?? {}) as {
    readonly properties?: Readonly<Record<string, JsonSchema>>;
    readonly required?: readonly string[];
  };
  return Object.entries(properties).map(([name, { description, ...rest }]) => {
    return { name, in: place, required: place === "path" || required.includes(name), description, schema: rest };
  });
}

function contents(all: readonly Content[]): JsonSchema {
  return Object.fromEntries(all.map(({ type, schema }) => [type, schema ? { schema } : {}]));
}

function response({ description, content }: Answer): JsonSchema {
  return { description, ...(content.length > 0 && { content: contents(content) }) };
}

/** Several kinds of problem may have one status. */
function problemResponses({ roles, problems = [] }: Route): JsonSchema {
  const usual: readonly ProblemKind[] = roles ? ["unauthorised", "forbidden", "overloaded", "internal"] : ["internal"];
  const byStatus = new Map<number, ProblemKind[]>();
  for (const kind of [...problems, ...usual]) {
    const { status } = PROBLEMS[kind];
    byStatus.set(status, [...(byStatus.get(status) ?? []), kind]);
  }
  const content = { [PROBLEM]: { schema: { $ref: "#/components/schemas/Problem" } } };
  const entries = [...byStatus].map(([status, kinds]) => [String(status), { description: kinds.join(", "), content }]);
  return Object.fromEntries(entries) as JsonSchema;
}
