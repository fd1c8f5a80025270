"""The one door for other people's checkpoints: pickles and torch files are read as data, and nothing of them runs.

A pickle is a program for a small stack machine, and the stock machine calls whatever the program names. Ours calls
nothing: it knows an exact list of (module, name) pairs that real checkpoints use, answers each with plain data of our
own (dicts, tuples, numpy views of the file, inert stubs), and refuses the file at the first name that is not on the
list. No module is imported, no attribute is set and no source text is executed on a file's word, so there is no allowed
gadget to build upon. Sizes, depths, counts and strides are checked against the bytes that are really there before
anything is made.

That is the wall. Behind it stands a second: the reading happens in a child process that has given up memory, time,
the file system, programs and the network before it looks at the first byte (`sandbox`). It holds nothing but the open
checkpoint and the open result, so that a mistake of ours costs that child and not the show.
"""
