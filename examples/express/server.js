const express = require("express");

const port = process.env.PORT || 8000;
const app = express();

app.get("/", (request, response) => response.json({ hello: "world", node: process.version }));
app.get("/health", (request, response) => response.send("ok"));

const server = app.listen(port, () => console.log(`listening on ${port}`));
process.on("SIGTERM", () => server.close(() => process.exit(0)));
