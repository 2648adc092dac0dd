// The vendor's JavaScript client: `node vendor.js ENDPOINT COUNT [IN_FLIGHT]` prints seconds of CPU per DescribeMapRun.
// SPDX-License-Identifier: MIT
//
// All threads of node count, as a process has them; connections are kept.
'use strict';

const { default: Client, $OpenApiUtil } = require('@alicloud/openapi-core');

const WARM_UP = 200;
const [endpoint, count, inFlight] = process.argv.slice(2);
const [protocol, host] = endpoint.split('://');
const client = new Client(new $OpenApiUtil.Config({ endpoint: host, protocol: protocol.toUpperCase(),
  accessKeyId: 'LTAI5tAbCdEfGhIjKlMnOpQr', accessKeySecret: 'a-secret-of-thirty-characters.' }));
const params = new $OpenApiUtil.Params({ action: 'DescribeMapRun', version: '2019-03-15',
  protocol: protocol.toUpperCase(), pathname: '/', method: 'GET', authType: 'AK', style: 'RPC',
  reqBodyType: 'formData', bodyType: 'json' });
const query = { FlowName: 'orders-flow', ExecutionName: 'exec-2026-11-23-0001',
  MapRunName: 'c39142f1345b196d678333c41f113200' };

let left = 0;

async function caller() {
  while (left > 0) {
    left -= 1;
    const { body } = await client.callApi(params, new $OpenApiUtil.OpenApiRequest({ query }), {});
    if (body.ItemCounts.Succeed !== 1940) throw new Error('another answer');
  }
}

async function make(calls) {
  left = calls;
  await Promise.all(Array.from({ length: Number(inFlight || 1) }, caller));
}

async function main() {
  await make(WARM_UP);
  const begun = process.cpuUsage();
  await make(Number(count));
  const { user, system } = process.cpuUsage(begun);
  console.log(((user + system) / 1e6 / Number(count)).toFixed(9));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
