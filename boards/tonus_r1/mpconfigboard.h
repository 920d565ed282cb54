// tonus_r1: MicroPython for the reference board, with the firmware frozen in.
#define MICROPY_HW_BOARD_NAME           "Tonus R1"
// As the RPI_PICO: presets and journal stay where they are when one image takes the other's place.
#define MICROPY_HW_FLASH_STORAGE_BYTES  (1408 * 1024)
