import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Holder } from "../auth/holder.ts";
import { addPageRoutes } from "../page/page-routes.ts";
import { Problem, problemOf, PROBLEMS, RETRY_AFTER } from "../problems.ts";
import { addSecurityHeaders, SECURITY_HEADERS } from "../security-headers.ts";
import type { Service } from "../service.ts";
import { VERSION } from "../version.ts";
import { Backlog, type BacklogOptions } from "./backlog.ts";
import { Connections } from "./connections.ts";
import { allowOrigin, isPreflight } from "./cors.ts";
import { Gate } from "./gate.ts";
import { JSON_TYPE, PROBLEM } from "./media-types.ts";
import { openApi } from "./openapi.ts";
import type { Route } from "./route.ts";
import { decodeRoutes } from "./routes/decode.ts";
import { deviceRoutes } from "./routes/devices.ts";
import { frameRoutes } from "./routes/frames.ts";
import { healthRoutes } from "./routes/health.ts";
import { modelRoutes } from "./routes/models.ts";

export interface AppOptions {
  /** Bytes of a body of frames. Default: 4 MiB. */
  readonly maxBody?: number;
  /** Bytes of a model's file. Default: 64 MiB. */
  readonly maxModel?: number;
  /** Requests a second of a token, and four times as many at once; 0 is no bound. Default: 100. */
  readonly rate?: number;
  /** Connections at once. Default: 1024. */
  readonly maxConnections?: number;
  /** A request is to have arrived within this. Default: 30 s. */
  readonly requestMs?: number;
  /** Its headers within this. Default: 10 s. */
  readonly headersMs?: number;
  /** When more is refused as overload, of each heavy route by itself. */
  readonly backlog?: BacklogOptions;
  /** Origins whose pages may ask. Default: none. */
  readonly corsOrigins?: readonly string[];
}

declare module "fastify" {
  interface FastifyContextConfig {
    readonly served?: Route;
  }
  interface FastifyRequest {
    holder: Holder | undefined;
  }
}

/** The service by HTTP. */
export interface App {
  readonly server: FastifyInstance;
  /** From now on it is not ready and takes no request but those that have begun. */
  drain(): void;
  /** Resolves when those have been answered. */
  close(): Promise<void>;
}

/** Puts HTTP, and the page to browse devices, in front of a service. */
export async function buildApp(service: Service, options: AppOptions = {}): Promise<App> {
  const { maxBody = 2 ** 22, maxModel = 2 ** 26, rate = 100, backlog, corsOrigins = [] } = options;
  const gate = new Gate({ service, rate });
  const { turns } = service;
  const server = bareServer(options);
  server.server.on("connection", turns.connected);
  service.metrics.watchConnections(server.server);
  const routes: Route[] = [
    ...frameRoutes(service, maxBody),
    ...decodeRoutes(service, maxBody),
    ...deviceRoutes(service),
    ...modelRoutes(service, maxModel),
    ...healthRoutes(service),
  ];
  routes.push(documentRoute(routes));

  addSecurityHeaders(server);
  server.decorateRequest("holder", undefined);
  server.removeAllContentTypeParsers();
  server.setSerializerCompiler(() => JSON.stringify);
  server.addHook("onRequest", async (request, reply) => {
    requireHost(request);
    allowOrigin(request, reply, corsOrigins);
    if (isPreflight(request, corsOrigins)) return await reply.code(204).send();
    request.holder = await gate.admit(request);
  });
  // A connection that is kept would keep the service from ending.
  server.addHook("onSend", async (_, reply) => void (gate.draining && reply.header("Connection", "close")));
  server.addHook("onResponse", async (request, reply) => told(service, request, reply));
  server.setErrorHandler((error: FastifyError | Problem, request, reply) => {
    const problem = problemOfRequest(error, request);
    if (problem.kind === "internal") service.log.error({ err: error, id: request.id }, "a request failed");
    return sendProblem(reply, problem);
  });
  server.setNotFoundHandler((request, reply) => sendProblem(reply, notFound(request, routes, reply)));
  for (const route of routes) addRoute(server, route, () => new Backlog({ mayBegin: () => turns.mine(), ...backlog }));
  await addPageRoutes(server);
  return {
    server,
    drain: () => void (gate.draining = true),
    close: async () => {
      gate.draining = true;
      await server.close();
    },
  };
}

function bareServer({ requestMs = 30_000, headersMs = 10_000, maxConnections = 1024 }: AppOptions): FastifyInstance {
  const server = Fastify({
    logger: false,
    bodyLimit: 1,
    requestTimeout: requestMs,
    http: {
      headersTimeout: headersMs,
      connectionsCheckingInterval: 500,
      maxHeaderSize: 16_384,
      requireHostHeader: false,
    },
    keepAliveTimeout: 65_000,
    // Nothing has moved for so long, as when answers are not read.
    connectionTimeout: 4 * requestMs,
    // Long enough for a device's name; the schemas say what is one.
    routerOptions: { maxParamLength: 256 },
    forceCloseConnections: "idle",
    return503OnClosing: false,
    exposeHeadRoutes: true,
    clientErrorHandler: (error, socket) => badConnection(connections, error, socket),
    ajv: { customOptions: { removeAdditional: false, coerceTypes: true, useDefaults: true, allErrors: false } },
    // An address that cannot be decoded is none of ours.
    frameworkErrors: (_, request, reply) => {
      const problem = new Problem("invalid-request", `the address ${JSON.stringify(request.url)} cannot be read`);
      // No hook has been run.
      void sendProblem((reply as FastifyReply).headers(SECURITY_HEADERS), problem);
    },
  });
  const connections = new Connections(server.server, requestMs);
  server.server.maxConnections = maxConnections;
  // Node would say 417 in a form of its own.
  server.server.on("checkExpectation", (_, response: ServerResponse) => {
    const { document } = new Problem("invalid-request", "nothing can be expected of this service but to continue");
    response.writeHead(document.status, { ...SECURITY_HEADERS, "content-type": PROBLEM, connection: "close" });
    response.end(JSON.stringify(document));
  });
  return server;
}

/** Node would refuse it by an answer in a form of its own. */
function requireHost({ raw, headers }: FastifyRequest): void {
  if (headers.host === undefined && raw.httpVersion === "1.1")
    throw new Problem("invalid-request", "a request of HTTP/1.1 has a Host header");
}

function addRoute(server: FastifyInstance, route: Route, newBacklog: () => Backlog): void {
  const { method, url, params, query, body, handle } = route;
  const backlog = route.isHeavy ? newBacklog() : undefined;
  server.register(async (scope) => {
    for (const type of body?.types ?? []) {
      scope.addContentTypeParser(type, { parseAs: "buffer" }, (_, bytes, done) => done(null, bytes));
    }
    scope.route({
      ...{ method, url, config: { served: route } },
      ...(body && { bodyLimit: body.limit }),
      schema: { ...(params && { params }), ...(query && { querystring: query }) },
      // Before a body is read; once more when it has been, as others may have come meanwhile.
      ...(backlog && { onRequest: async () => backlog.requireRoom() }),
      handler: async (request, reply) => {
        const answer = async (): Promise<unknown> => await handle(request, reply, request.holder!);
        return await (backlog ? backlog.take(answer) : answer());
      },
    });
  });
}

function documentRoute(routes: readonly Route[]): Route {
  const route: Route = {
    method: "GET",
    url: "/openapi.json",
    summary: "This document.",
    answers: { 200: { description: "OpenAPI 3.1", content: [{ type: JSON_TYPE, schema: { type: "object" } }] } },
    handle: async () => openApi(routes, VERSION),
  };
  return route;
}

function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  const { kind, document } = problem;
  const seconds = RETRY_AFTER[kind];
  if (seconds !== undefined) reply.header("Retry-After", String(problem.members["retryAfter"] ?? seconds));
  if (kind === "unauthorised") reply.header("WWW-Authenticate", 'Bearer realm="isthmus"');
  // What has not been read of a body that is refused would be taken for the next request.
  if (document.status === 413 || document.status === 408) reply.header("Connection", "close");
  // As bytes: for text Fastify would name a charset, which this media type does not have.
  return reply
    .code(document.status)
    .type(PROBLEM)
    .send(Buffer.from(JSON.stringify(document)));
}

/** What Fastify itself refuses, and everything else. */
function problemOfRequest(error: FastifyError | Problem, request: FastifyRequest): Problem {
  if (error instanceof Problem) return error;
  if (error.validation) {
    return new Problem(
      "invalid-request",
      `${error.validationContext ?? "request"}: ${error.message.replace(/^\w+\//, "")}`,
    );
  }
  const { served } = request.routeOptions.config;
  if (error.code === "FST_ERR_CTP_BODY_TOO_LARGE") {
    const limit = served?.body?.limit ?? 0;
    return new Problem("too-large", `the body has more than ${limit} bytes`, { limit });
  }
  if (error.code === "FST_ERR_CTP_INVALID_MEDIA_TYPE") {
    const types = served?.body?.types.join(", ") ?? "no body";
    return new Problem("unsupported-media-type", `this takes ${types}`);
  }
  if (error.code?.startsWith("FST_ERR_CTP_")) return new Problem("invalid-request", error.message);
  // The connection was cut while its body came in: nobody reads the answer.
  if (error.statusCode === 400 || error.code === "ECONNRESET") return new Problem("invalid-request", error.message);
  return problemOf(error);
}

function notFound({ method, url }: FastifyRequest, routes: readonly Route[], reply: FastifyReply): Problem {
  const path = url.split("?")[0]!;
  const there = routes.filter((route) => patternOf(route.url).test(path));
  if (there.length === 0) return new Problem("not-found", `there is nothing at ${path}`);
  const methods = there.flatMap((route) => (route.method === "GET" ? ["GET", "HEAD"] : [route.method]));
  reply.header("Allow", methods.join(", "));
  return new Problem("method-not-allowed", `${method} is not for ${path}, which takes ${methods.join(", ")}`);
}

function patternOf(url: string): RegExp {
  return new RegExp(`^${url.replaceAll(".", "\\.").replaceAll(/:\w+/g, "[^/]+")}$`);
}

/** What cannot be read as a request, or took too long, is answered on the bare connection. */
function badConnection(connections: Connections, error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET") return void socket.destroy();
  const isLate = error.code === "ERR_HTTP_REQUEST_TIMEOUT";
  const kind = isLate ? "timeout" : "invalid-request";
  const detail = isLate ? "the request did not arrive in time" : "this is no request of HTTP that can be read";
  const body = JSON.stringify(new Problem(kind, detail).document);
  const head = `HTTP/1.1 ${PROBLEMS[kind].status} ${isLate ? "Request Timeout" : "Bad Request"}`;
  const headers = Object.entries(SECURITY_HEADERS).map(([name, value]) => `${name}: ${value}\r\n`);
  connections.refuse(
    socket,
    `${head}\r\n${headers.join("")}Content-Type: ${PROBLEM}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  );
}

/** Without payload or token. */
function told({ metrics, log }: Service, request: FastifyRequest, reply: FastifyReply): void {
  const { method, id, ip, holder } = request;
  const { statusCode: status, elapsedTime } = reply;
  const route = request.routeOptions.url ?? "none";
  metrics.onAnswer(method, route, status, elapsedTime);
  const who = holder && `${holder.role}.${holder.name}`;
  log.info({ id, method, route, status, ms: Math.round(elapsedTime * 10) / 10, ip, who }, "answered");
}
