import Fastify from "fastify";

const port = Number(process.env.PORT ?? 8000);
const app = Fastify({ logger: true });

app.get("/", async () => ({ hello: "world", node: process.version }));
app.get("/health", async () => "ok");

// Fastify listens on localhost alone unless it is told otherwise.
await app.listen({ port, host: "0.0.0.0" });
process.on("SIGTERM", () => app.close().then(() => process.exit(0)));
