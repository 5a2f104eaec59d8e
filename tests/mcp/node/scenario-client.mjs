// A client, made with the TypeScript SDK, for the scenarios of the conformance suite that concern clients.
//
//   scenario-client.mjs URL      MCP_CONFORMANCE_SCENARIO names the scenario

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';

const CALLS = {
  tools_call: { name: 'add_numbers', arguments: { a: 5, b: 3 } },
  'elicitation-sep1034-client-defaults': { name: 'test_client_elicitation_defaults', arguments: {} },
  'sse-retry': { name: 'test_reconnection', arguments: {} },
};

const capabilities = { elicitation: { form: { applyDefaults: true } } };
const client = new Client({ name: 'scenario-client', version: '1.0.0' }, { capabilities });
client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept', content: {} }));
const transport = new StreamableHTTPClientTransport(new URL(process.argv[2]));
await client.connect(transport);
await client.listTools();
const call = CALLS[process.env.MCP_CONFORMANCE_SCENARIO];
if (call) {
  await client.callTool(call);
}
await client.close();
