import { z } from 'zod';
import { operation, type Operation } from './operation';
import { Problem } from './problem';
import { isProblemCode, PROBLEMS } from './problem-catalogue';

const code = z.string().meta({ description: 'The code of a problem, such as `insufficient-stock`.' });

const problemDescription = z
  .object({
    type: z.string(),
    code,
    status: z.int(),
    title: z.string(),
    description: z.string().meta({ description: 'When a client receives the problem and what it can do. Markdown.' }),
  })
  .meta({ id: 'ProblemDescription' });

const describe = (known: keyof typeof PROBLEMS): z.input<typeof problemDescription> => ({
  type: `/problems/${known}`,
  code: known,
  ...PROBLEMS[known],
});

/** Explains the problems of the catalogue, at the URL that is the `type` of each problem document. */
export const problemOperations: Operation[] = [
  operation({
    id: 'explainProblem',
    method: 'get',
    path: '/problems/{code}',
    tag: 'Errors',
    access: 'open',
    summary: 'Explain an error',
    params: z.object({ code }),
    responses: { 200: { description: 'The entry of the catalogue.', schema: problemDescription } },
    problems: ['problem-not-found'],
    example: { params: { code: 'insufficient-stock' } },
    handle: ({ params, response }) => {
      if (!isProblemCode(params.code)) {
        throw new Problem('problem-not-found', `No problem has the code ${JSON.stringify(params.code.slice(0, 100))}.`);
      }
      response.json(describe(params.code));
    },
  }),
];
