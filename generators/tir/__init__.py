"""Random TIR: typed PrimFuncs whose meaning is defined."""
