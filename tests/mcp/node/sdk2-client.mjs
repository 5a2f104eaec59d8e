// A client made with the TypeScript SDK 2.x. With a server of the era of sessions it falls back to that.
//
//   sdk2-client.mjs URL | sdk2-client.mjs -- COMMAND [ARGUMENT...]

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

import { CAPABILITIES, converse } from './conversation.mjs';
import { converseWithoutSession } from './stateless-conversation.mjs';

const [target, ...command] = process.argv.slice(2);
const transport =
  target === '--'
    ? new StdioClientTransport({ command: command[0], args: command.slice(1), stderr: 'ignore' })
    : new StreamableHTTPClientTransport(new URL(target));
const client = new Client(
  { name: 'sdk2-client', version: '1.0.0' },
  { capabilities: CAPABILITIES, versionNegotiation: { mode: 'auto' } },
);
const peer = {
  ask: client,
  answer: (method, answer) => client.setRequestHandler(method, ({ params }) => answer(params)),
  hear: (method, hear) => client.setNotificationHandler(method, ({ params }) => hear(params)),
  open: async () => {
    await client.connect(transport);
    return {
      version: client.getNegotiatedProtocolVersion?.(),
      server: client.getServerVersion(),
      capabilities: client.getServerCapabilities(),
      says: client.getInstructions(),
    };
  },
  call: (params, options) => client.callTool(params, options),
  close: async () => {
    await transport.terminateSession?.();
    await client.close();
  },
};
await (process.env.CONVERSATION === 'stateless' ? converseWithoutSession(peer) : converse(peer));
