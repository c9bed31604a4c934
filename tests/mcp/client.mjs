// An official client, connected once: `client.mjs ERA URL TOKEN`, where the era is `2025` (the
// client of before 2026-07-28) or `2026`. It answers each line that it reads, a tool's name and
// arguments as JSON or `list`, with a line of JSON. The first line tells how connecting went.
import readline from "node:readline";

const [era, address, token] = process.argv.slice(2);
const url = new URL(address);
const info = { name: "claude-code", version: "2.1" };
const headers = token ? { Authorization: `Bearer ${token}` } : {};

const load = {
  2025: async () => {
    const { Client } = await import("@modelcontextprotocol/sdk/client/index.js");
    const { StreamableHTTPClientTransport } = await import(
      "@modelcontextprotocol/sdk/client/streamableHttp.js"
    );
    const client = new Client(info);
    const transport = new StreamableHTTPClientTransport(url, { requestInit: { headers } });
    return { client, transport };
  },
  2026: async () => {
    const { Client, StreamableHTTPClientTransport } = await import("@modelcontextprotocol/client");
    const versionNegotiation = { mode: { pin: "2026-07-28" } };
    const client = new Client(info, { versionNegotiation });
    const transport = new StreamableHTTPClientTransport(url, { requestInit: { headers } });
    return { client, transport };
  },
};

const say = (value) => console.log(JSON.stringify(value));
const tell = async (deed) => {
  try {
    say({ ok: await deed() });
  } catch (error) {
    say({ error: [error.message, error.cause?.message, error.data?.text].filter(Boolean).join(" ") });
  }
};

const { client, transport } = await load[era]();
await tell(async () => {
  await client.connect(transport);
  return {
    server: client.getServerVersion(),
    version: client.getNegotiatedProtocolVersion?.() ?? transport.protocolVersion,
  };
});
for await (const line of readline.createInterface({ input: process.stdin })) {
  if (line === "list") {
    await tell(async () => (await client.listTools()).tools);
  } else {
    const call = JSON.parse(line);
    await tell(() => client.callTool(call));
  }
}
await client.close();
