// Drives the emulator through every operation of the vendor's former client, which puts a whole POST into its form and
// deletes by GET.
// SPDX-License-Identifier: MIT
//
// node drive_former.js URL ID SECRET TOKEN...: TOKEN are of tasks that wait for a report.
'use strict';

const Client = require('@alicloud/fnf-2019-03-15');

const [endpoint, accessKeyId, accessKeySecret, ...tokens] = process.argv.slice(2);
const client = new Client({ endpoint, accessKeyId, accessKeySecret });

const definition = (name) => `Type: StateMachine\nName: ${name}\nStates:\n  - Type: Pass\n    Name: P\n    End: true\n`;
const flow = (Name) => ({ Name, Type: 'FDL', Definition: definition(Name), Description: 'a b+c/中' });
const schedule = (ScheduleName) => ({ FlowName: 'former', ScheduleName, CronExpression: '0 30 9 * * *' });
const execution = { FlowName: 'former', ExecutionName: 'e1' };

// Method of the client, parameters, and whether it is asked to POST; in an order in which each finds what it needs.
const STEPS = [
  ['createFlow', flow('former'), true],
  ['createFlow', flow('former-2'), true],
  ['updateFlow', { Name: 'former', Description: 'changed' }, true],
  ['describeFlow', { Name: 'former' }],
  ['listFlows', {}],
  ['listFlows', { Limit: 1 }],
  ['startExecution', { ...execution, Input: '{"a":1}' }, true],
  ['startExecution', { FlowName: 'former' }, true],
  ['describeExecution', execution],
  ['describeExecution', { ...execution, WaitTimeSeconds: 0 }],
  ['listExecutions', { FlowName: 'former' }],
  ['listExecutions', { FlowName: 'former', Status: 'Running', Limit: 5 }],
  ['getExecutionHistory', execution],
  ['getExecutionHistory', { ...execution, Limit: 2 }],
  ['stopExecution', { FlowName: 'asking', ExecutionName: 'stopped', Error: 'E', Cause: 'ends here' }, true],
  ['reportTaskSucceeded', { TaskToken: tokens[0], Output: '{"yes":[]}' }, true],
  ['reportTaskFailed', { TaskToken: tokens[1], Error: 'No', Cause: 'never' }, true],
  ['createSchedule', { ...schedule('daily'), Payload: '{"a":1}', Enable: true }, true],
  ['createSchedule', schedule('hourly'), true],
  ['updateSchedule', { ...schedule('daily'), Enable: false }, true],
  ['describeSchedule', { FlowName: 'former', ScheduleName: 'daily' }],
  ['listSchedules', { FlowName: 'former' }],
  ['listSchedules', { FlowName: 'former', Limit: 1 }],
  ['deleteSchedule', { FlowName: 'former', ScheduleName: 'daily' }],
  ['deleteSchedule', { FlowName: 'former', ScheduleName: 'hourly' }, true],
  ['deleteFlow', { Name: 'former' }],
  ['deleteFlow', { Name: 'former-2' }, true],
];

async function main() {
  const methods = Object.getOwnPropertyNames(Client.prototype).filter((name) => name !== 'constructor');
  const wrong = methods.filter((name) => !STEPS.some((step) => step[0] === name)).map((name) => `${name}: not called`);
  for (const [name, params, posts] of STEPS) {
    try {
      const answer = await client[name](params, { timeout: 20000, ...(posts && { method: 'POST' }) });
      if (!answer.RequestId) wrong.push(`${name}: no RequestId`);
    } catch (error) {
      wrong.push(`${name}: ${error.message}`);
    }
  }
  console.log(`conformance: the vendor's former client drove ${methods.length} operations in ${STEPS.length} calls: `
    + `${wrong.length} wrong answers`);
  wrong.slice(0, 20).forEach((each) => console.log('  ' + each));
  process.exit(wrong.length === 0 ? 0 : 1);
}

main().catch((error) => { console.error(error); process.exit(1); });
