"""The PIO program that makes every edge of the output. Its words, and the time each takes, are built in `program.py`.

Before each word, and for as long as the FIFO is empty, it holds the electrodes shorted with LDAC high: a processor that
is late, dead or crashed ends in off. A sampled word raises the state machine's interrupt halfway through.
"""

from rp2 import PIO, asm_pio

# Encoded instructions for StateMachine.exec: a string would be assembled, which allocates.
EXEC_SET_PINS = 0xE000  # | pins
EXEC_PULL_NOBLOCK = 0x8080


@asm_pio(
    out_init=(PIO.OUT_LOW, PIO.OUT_LOW, PIO.OUT_HIGH),
    set_init=(PIO.OUT_LOW, PIO.OUT_LOW, PIO.OUT_HIGH),
    out_shiftdir=PIO.SHIFT_RIGHT,
)
def phases():
    wrap_target()
    label("off")
    set(pins, 4)[1]
    pull(block)
    out(y, 1)
    out(pins, 3)
    mov(x, osr)
    label("first")
    jmp(x_dec, "first")
    jmp(not_y, "off")
    irq(rel(0))[1]
    mov(x, osr)
    label("second")
    jmp(x_dec, "second")
    wrap()
