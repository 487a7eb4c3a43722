/** What a command has done, in words and as JSON. */
export interface Outcome {
  said: string[];
  result: object;
}
