import Fastify, { type FastifyInstance } from "fastify";
import { addPageRoutes } from "../../src/page/page-routes.ts";
import { addSecurityHeaders } from "../../src/security-headers.ts";

/** The page's files as the service gives them, and nothing else of it. */
export async function pageServer(): Promise<FastifyInstance> {
  const app = Fastify();
  addSecurityHeaders(app);
  await addPageRoutes(app);
  return app;
}
