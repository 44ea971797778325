/** Reads a setting that the bench passes to a candidate's process. @throws {Error} if it is not set */
export function requiredSetting(name: 'DATABASE_URL' | 'AMQP_URL' | 'TEMPORAL_ADDRESS'): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set.`);
  return value;
}
