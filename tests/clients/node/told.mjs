// What the test told this process: base, token, the name of some Locations and how many, a patient, a task.
import { randomUUID } from 'node:crypto';

export const told = JSON.parse(process.env.BATON_TOLD);

export const person = () => ({
  resourceType: 'Patient',
  name: [{ family: 'Baxter', given: ['Zoë'] }],
  identifier: [{ system: 'urn:mrn', value: randomUUID() }],
});

export const transactionOf = (...trees) => ({
  resourceType: 'Bundle',
  type: 'transaction',
  entry: trees.map((resource) => ({
    fullUrl: `urn:uuid:${randomUUID()}`,
    resource,
    request: { method: 'POST', url: resource.resourceType },
  })),
});

export const TO_FEMALE = [{ op: 'add', path: '/gender', value: 'female' }];
