// What holds all elements of a shape takes no tensor that may have fewer: bytes and shape of a file would not be one.
import { Parameter, rawTensor, tensorDataset, writeSafetensors } from '@espalier/nn';
import { ones, tensor, zeros } from '@espalier/tensor';
import { expect, test } from 'vitest';

test('a tensor with a length is no file, dataset or parameter', async () => {
  const some = ones([4, 3]).upTo(0, tensor(2, { dtype: 'i32' }));
  const says = 'it must be a tensor without a length along an axis';
  await expect(rawTensor(some)).rejects.toThrow(`rawTensor: tensor is a Tensor; ${says}`);
  await expect(writeSafetensors(new Map([['keys', some]]))).rejects.toThrow(
    `writeSafetensors: keys is a Tensor; ${says}`,
  );
  expect(() => tensorDataset(some, zeros([4]))).toThrow(`tensorDataset: x is a Tensor; ${says}`);
  expect(() => tensorDataset(zeros([4]), some)).toThrow(`tensorDataset: y is a Tensor; ${says}`);
  expect(() => new Parameter(some)).toThrow(`Parameter: tensor is a Tensor; ${says}`);
});
