"""The words of the flat arrays that the planner writes and the kernel reads.

Everything the kernel touches is a word of 64 bits. Integers and floats share the same memory through two
views, so a state is one array, an entity's share of it is one slice, and packing it is a copy.

Specification
    ``spec[b + WORD]`` with ``b`` the start of a series' block (tables inside it are offsets from ``b``). A
    *series* is a stream of events that share a key and a presence condition; every window, column and
    operation over them lives in one block.
Segment
    ``arena[seg + H_WORD]``: the header of one entity in one series, then its rows in order of time, then its
    stacks and hash tables. Row 0 is the base: it carries the running totals of everything dropped before row
    1.
"""

from __future__ import annotations

import numpy as np

# One block of the specification. Offsets inside a block are counted from its start.
KEY = 0  # which key the series belongs to
ROW = 1  # words of a row
HEADER = 2  # words of a segment's header
EXTRA = 3  # words beside the rows, for each row of capacity
RETENTION = 4  # milliseconds after which no window can see a row
KEEP = 5  # rows kept whatever their age, for lag(n)
PRESENCE = 6  # input word that says whether an event belongs to the series, or -1: always
N_WINDOWS = 7
WINDOWS = 8  # records of WINDOW_WORDS: width, delay index
N_DELAYS = 9
DELAYS = 10  # milliseconds, ascending; the first is 0
N_COLUMNS = 11
COLUMNS = 12  # records of COLUMN_WORDS
N_STACKS = 13
STACKS = 14  # records of STACK_WORDS: value column, sign; one for each delay
N_COUNTERS = 15
COUNTERS = 16  # records of COUNTER_WORDS: link column, window (-1: all of time), delay index
SOURCE = 17  # which stream is folded, by which of its fields
HEADS_AT = 18  # header word of the first window's head hint
COUNTERS_AT = 19
STACKS_AT = 20
BLOCK_WORDS = 21

# The head of the specification, and the tables it points at.
N_SERIES = 0
SERIES = 1  # table of block offsets
N_KEYS = 2
KEYS = 3  # table of key blocks, KEY_WORDS each
HEAD_WORDS = 4

K_N_SERIES = 0
K_SERIES = 1  # table of series numbers
K_N_LOOKUPS = 2
K_LOOKUPS = 3  # records of LOOKUP_WORDS
KEY_WORDS = 4

# A lookup: a key read at an event by some of its fields; its readers list operations, series by series.
L_N_READERS = 0
L_READERS = 1  # records of READER_WORDS
L_SLOTS = 2  # words that its operations write
LOOKUP_WORDS = 3

R_SERIES = 0
R_N_OPS = 1
R_OPS = 2  # records of OP_WORDS, anywhere in the specification
READER_WORDS = 3

WINDOW_WORDS = 2
COLUMN_WORDS = 8
OP_WORDS = 6
STACK_WORDS = 2
COUNTER_WORDS = 3

# A column's record.
C_KIND = 0
C_INPUT = 1  # which input word
C_AT = 2  # where in a row
C_LIMBS = 3
C_LOW = 4  # exponent of the lowest bit of the lowest limb
C_FLOAT = 5  # 1 when the input is a float, 0 when it is an integer
C_AUX = 6  # links: the value column; decay: bits of the rate; first ever: header word
C_TABLE = 7  # links: which hash table

# Kinds of columns.
TOTAL = 0  # running exact total
SQUARE = 1  # running exact total of squares
VALUE = 2  # the value itself
RUNNING_MIN = 3
RUNNING_MAX = 4
DECAYED = 5  # exponentially decayed total, at the time of the row
LINKS = 6  # two words: previous and next row with the same value
FIRST_EVER = 7  # no word in the row; header words hold it

# An operation's record: opcode, window (or -1: all of time), delay, column, slot, auxiliary.
O_CODE = 0
O_WINDOW = 1
O_DELAY = 2
O_COLUMN = 3
O_SLOT = 4
O_AUX = 5

COUNT = 0
SUM = 1  # auxiliary: the unit, by which it is divided
STD = 2
EXTREME = 3  # auxiliary: which stack; those of one stack stand together
FIRST = 4
LAST = 5
N_UNIQUE = 6  # auxiliary: which counter
EXTREME_EVER = 7
FIRST_EVER_VALUE = 8
SINCE_LAST = 9
SINCE_FIRST = 10
LAG = 11  # auxiliary: n
CHANGED = 12
DECAY = 13  # auxiliary: bits of the rate

# A segment's header.
H_CAPACITY = 0
H_END = 1
H_START = 2
H_DROPPED = 3
H_FIRST_TIME = 4
H_FIXED = 5

CHUNK = 256
"""Queries answered together; their window bounds stay in the first-level cache."""

LANE = CHUNK + 8
"""Words between columns of scratch memory: a power of two would put them all in the same cache sets."""

MOST_ITEMS = 16
"""Items that one event can make under one key."""

NULL_INT = np.iinfo(np.int64).min
NAN_BITS = int(np.array([np.nan]).view(np.int64)[0])
"""The null float as a word."""
NEVER = np.iinfo(np.int64).min
NO_ROW = -1
"""No next occurrence, or an empty place in a hash table."""
