import { z } from 'zod';
import { findInstances, type InstanceDatabase } from './instance-reports';
import { operation, type Operation } from './operation';

/** An instance reports every 5 seconds: one that is silent for this long has ended, or cannot reach the database. */
const SILENT_AFTER_S = 20;

const instanceJson = z
  .object({
    instanceId: z.guid(),
    host: z.string(),
    processId: z.int(),
    buildId: z.string().meta({ description: 'Equal for all instances that run the same workflow code.' }),
    state: z.enum(['ready', 'not ready', 'silent']).meta({
      description: '`silent`: it has not reported for 20 seconds. It has ended, or cannot reach the database.',
    }),
    checks: z
      .record(z.string(), z.string())
      .meta({ description: 'The state of each dependency, as `/readyz` of the instance answers it.' }),
    startedAt: z.iso.datetime(),
    reportedAt: z.iso.datetime(),
  })
  .meta({ id: 'Instance' });

/** The operation that lists the instances of a service. */
export const instanceOperation = (service: string, database: InstanceDatabase): Operation =>
  operation({
    id: 'listInstances',
    method: 'get',
    path: '/instances',
    tag: 'Operation',
    access: 'operator',
    summary: 'List the instances of the service',
    description:
      'Each instance reports itself every 5 seconds. One that stops removes itself; one that was killed stays in the list for ' +
      'an hour.',
    responses: { 200: { description: 'The instances, by the time of their start.', schema: z.array(instanceJson) } },
    example: {},
    handle: async ({ response }) => {
      const found = await findInstances(database, service);
      response.json(
        found.map(({ instanceId, host, processId, buildId, ready, checks, startedAt, reportedAt, ageSeconds }) => ({
          instanceId,
          host,
          processId,
          buildId,
          state: ageSeconds > SILENT_AFTER_S ? 'silent' : ready ? 'ready' : 'not ready',
          checks,
          startedAt: startedAt.toISOString(),
          reportedAt: reportedAt.toISOString(),
        })),
      );
    },
  });
