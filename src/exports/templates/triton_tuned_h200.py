    table = {
        # By elements of a row: (rows of a program, warps)
        ("short_rows", 4): [(32, (32, 4)), (64, (8, 1)), (256, (4, 1)), (512, (4, 2)), (0, (2, 2))],
        # By elements of a row: (tile, warps, stages)
        ("rows", 4): [(2048, (2048, 4, 1)), (4096, (4096, 4, 1)), (0, (2048, 4, 1))],
        # By elements of a row: (tile, warps, tiles of a group, rows for each multiprocessor below which rows are shared)
        ("chained_rows", 4): [(0, (8192, 8, 128, 4))],
        # By elements of a column: (rows, columns, warps, stages, programs for each multiprocessor)
        ("columns", 4): [(0, (64, 32, 4, 3, 8))],
    }
