// Asks @cloud-copilot/iam-simulate (AGPL-3.0: a separate process, never copied into this project) for decisions.
// Reads one JSON case a line: {policies, boundary, action, resource, context, scps, session, account,
// trust, principal}; writes one JSON answer a line:
// {"result": "Allowed" | "ImplicitlyDenied" | "ExplicitlyDenied"} or {"error": text}.
// The package is found relative to the working directory, so that it never has to be installed in the checkout.
import { createRequire } from 'node:module'
import path from 'node:path'
import readline from 'node:readline'

const require = createRequire(path.join(process.cwd(), 'package.json'))
const { runSimulation } = require('@cloud-copilot/iam-simulate')
const ACCOUNT = '123456789012'
const ANYTHING = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }
const named = (policies) => policies.map((policy, index) => ({ name: `p${index}`, policy }))

async function ask(question) {
  const answer = await runSimulation({
    request: {
      principal: question.principal ?? `arn:aws:iam::${ACCOUNT}:role/caller`,
      action: question.action,
      resource: { resource: question.resource, accountId: question.account ?? ACCOUNT },
      contextVariables: question.context
    },
    identityPolicies: named(question.policies),
    permissionBoundaryPolicies: question.boundary ? named([question.boundary]) : undefined,
    resourcePolicy: question.trust,
    sessionPolicy: question.session ?? undefined,
    serviceControlPolicies: (question.scps?.length ? question.scps : [[ANYTHING]])
      .map((policies, level) => ({ orgIdentifier: `o-${level}`, policies: named(policies) })),
    resourceControlPolicies: []
  }, {})
  if (answer.resultType === 'error') return { error: JSON.stringify(answer.errors) }
  return { result: answer.overallResult }
}

for await (const line of readline.createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  let answer
  try {
    answer = await ask(JSON.parse(line))
  } catch (error) {
    answer = { error: String(error) }
  }
  process.stdout.write(JSON.stringify(answer) + '\n')
}
