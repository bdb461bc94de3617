# The mistakes that the emulation must find:
#
#   mutant(FAMILY NAME FILE [[what is replaced, once in kernels/FILE]] [[by what]])
#
# ([=[ ]=] where what is quoted ends with a bracket; several FILE, what, by what may follow one another.)
#
# Each becomes a small program around the mutated kernels, and the test kernels.Mutant.FAMILY.NAME, which passes if
# something is found wrong. What is no longer there exactly once makes the test fail: put the mutant right then.

# --- What families share (scan.cuh) --------------------------------------------------------------------

function(mutants_of_the_block_scan family)
  mutant(${family} BarrierDropped scan.cuh [[  __syncthreads();]] [[]])
  mutant(${family} BarrierOnlyOfTheWarp scan.cuh [[  __syncthreads();]] [[  __syncwarp();]])
  mutant(${family} SumOfTheSameWarpForItsNeighbour scan.cuh [[(warp + 1) % kWarpThreads]] [[warp]])
  mutant(${family} NeighbourWarpTwoFurther scan.cuh [[(warp + 1) % kWarpThreads]] [[(warp + 2) % kWarpThreads]])
  mutant(${family} WarpsBeyondTheBlockAdded scan.cuh [[lane < kWarps ? shared[lane] : Acc(0)]] [=[shared[lane]]=])
  mutant(${family} TotalWithoutTheFirstWarp scan.cuh
         [[Acc(0), __shfl_sync(kAllLanes, from_warp, 0)};]] [[Acc(0), __shfl_sync(kAllLanes, from_warp, 1)};]])
  mutant(${family} SumsWrittenByAllLanesOfTheirLane scan.cuh [[    shared[warp] = warp_sum;]]
         [[    shared[lane] = warp_sum;]])
endfunction()

function(mutants_of_the_warp_scan family)
  mutant(${family} ShuffleDistanceQuadruples scan.cuh [[distance *= 2]] [[distance *= 4]])
  mutant(${family} ShuffleStopsOneStepEarly scan.cuh [[distance < kLanes; distance]] [[distance < kLanes / 2; distance]])
  mutant(${family} ShuffleFromTheLeft scan.cuh [[const Acc right = __shfl_down_sync(kAllLanes, sum, distance);]]
         [[const Acc right = __shfl_up_sync(kAllLanes, sum, distance);]])
  mutant(${family} LanesBeyondTheWarpAdded scan.cuh [[    if (lane + distance < kWarpThreads) {
      sum += right;]] [[    {
      sum += right;]])
  mutant(${family} LastLaneOfTheShuffleLeftOut scan.cuh [[    if (lane + distance < kWarpThreads) {
      sum += right;]] [[    if (lane + distance < kWarpThreads - 1) {
      sum += right;]])
endfunction()

function(mutants_of_the_tile_scan family)
  mutant(${family} NeighbourLaneIsItself scan.cuh [[from_next = __shfl_down_sync(kAllLanes, from_lane, 1)]]
         [[from_next = __shfl_down_sync(kAllLanes, from_lane, 0)]])
  mutant(${family} NeighbourLaneOneFurther scan.cuh [[from_next = __shfl_down_sync(kAllLanes, from_lane, 1)]]
         [[from_next = __shfl_down_sync(kAllLanes, from_lane, 2)]])
  mutant(${family} LastLaneHasANeighbour scan.cuh [[((lane < kWarpThreads - 1 ? from_next : Acc(0)) + stretch)]]
         [[(from_next + stretch)]])
  mutant(${family} StepsToTheRightForgotten scan.cuh [[    stretch += __shfl_sync(kAllLanes, from_lane, 0);]]
         [[    stretch = __shfl_sync(kAllLanes, from_lane, 0);]])
  mutant(${family} StepSumOfTheWrongLane scan.cuh [[    stretch += __shfl_sync(kAllLanes, from_lane, 0);]]
         [[    stretch += __shfl_sync(kAllLanes, from_lane, 31);]])
  mutant(${family} RaggedTileLoadedWhole scan.cuh [[      if (position + j * kWarpThreads >= 0) {
        loaded[j] = load_vector]] [[      {
        loaded[j] = load_vector]])
  mutant(${family} RaggedTileStoredWhole scan.cuh [[      if (position + j * kWarpThreads >= 0) {
        store_vector]] [[      {
        store_vector]])
  mutant(${family} RaggedTileMaskedOneVectorShort scan.cuh [[      if (position + j * kWarpThreads >= 0) {
        loaded[j] = load_vector]] [[      if (position + j * kWarpThreads > 0) {
        loaded[j] = load_vector]])
  mutant(${family} RaggedTileMaskedAtTheRight scan.cuh [[  return begin + first_vector<kVectors>();]]
         [[  return begin + kTileVectors - 1 - first_vector<kVectors>();]])
  mutant(${family} HeadAsLongAsWhatLiesInFront scan.cuh [[(kAccessBytes - past) % kAccessBytes / sizeof(T)]]
         [[past / sizeof(T)]])
  mutant(${family} HeadLongerThanTheRow scan.cuh [[  split.head = n < split.head ? static_cast<int>(n) : split.head;]]
         [[]])
  mutant(${family} TailCountedWithTheHead scan.cuh [[(n - split.head) % kPerVector<T>]] [[n % kPerVector<T>]])
  mutant(${family} EdgeReadOneElementTooFar scan.cuh [[lane < count ? static_cast]] [[lane <= count ? static_cast]])
  mutant(${family} EdgeWrittenByEveryWarp scan.cuh [[  if (static_cast<int>(threadIdx.x) < count) {
    elements[threadIdx.x] =]] [[  if (static_cast<int>(threadIdx.x % 32) < count) {
    elements[threadIdx.x % 32] =]])
  mutant(${family} WideStoresAtAnyAlignment scan.cuh
         [[return (reinterpret_cast<unsigned long long>(out) - elements_past * sizeof(Output<T, Acc>)) % kAccessBytes == 0;]]
         [[return elements_past < kAccessBytes || out != nullptr;]])
  mutant(${family} VectorSummedWithoutItsFirstElement scan.cuh [[    for (int e = kPerVector<T> - 2; e >= 0; --e) {
      sum +=]] [[    for (int e = kPerVector<T> - 2; e > 0; --e) {
      sum +=]])
  mutant(${family} OffsetLeftOutOfRaggedTiles scan.cuh
         [[      const Results<T, Acc> results = scan_vector(loaded[j], right[j] + offset);]]
         [[      const Results<T, Acc> results = scan_vector(loaded[j], right[j]);]])
endfunction()

# --- row_carry -----------------------------------------------------------------------------------------

mutants_of_the_block_scan(row_carry)
mutants_of_the_warp_scan(row_carry)
mutants_of_the_tile_scan(row_carry)
mutant(row_carry LastWarpHasANeighbour scan.cuh [[{warp + 1 < kWarps ? right : Acc(0),]] [[{right,]])
mutant(row_carry OneBufferForTheSumsOfWarps row_carry.cuh [[      buffer ^= 1;]] [[]])
mutant(row_carry CarryOneTileEarly row_carry.cuh [[block.right + carry, to]] [[block.right + carry + block.total, to]])
mutant(row_carry CarryOneTileLate row_carry.cuh [[      carry += block.total;]]
       [[      carry += previous;
      previous = block.total;]] row_carry.cuh
       [[  const bool aligned = same_alignment<T, Acc>(in, out);]]
       [[  const bool aligned = same_alignment<T, Acc>(in, out);
  Acc previous = 0;]])
mutant(row_carry CarryOfTheLastTileOnly row_carry.cuh [[      carry += block.total;]] [[      carry = block.total;]])
mutant(row_carry CarryWithoutTheTail row_carry.cuh [[      carry = __shfl_sync(kAllLanes, sum, 0);]] [[]])
mutant(row_carry CarryOfTheTailFromItsSecondElement row_carry.cuh [[carry = __shfl_sync(kAllLanes, sum, 0);]]
       [[carry = __shfl_sync(kAllLanes, sum, 1);]])
mutant(row_carry CarryKeptFromTheRowBefore row_carry.cuh [[    Acc carry = 0;]]
       [[    Acc carry = r > 0 ? static_cast<Acc>(in[0]) : Acc(0);]])
mutant(row_carry HeadWithoutCarry row_carry.cuh [[scan_edge<T, Acc>(row_in, row.head), carry);]]
       [[scan_edge<T, Acc>(row_in, row.head), Acc(0));]])
mutant(row_carry HeadSummedForTheTail row_carry.cuh [[scan_edge<T, Acc>(row_in + n - row.tail, row.tail);]]
       [[scan_edge<T, Acc>(row_in, row.tail);]])
mutant(row_carry TailWrittenInFront row_carry.cuh [[store_edge(row_out + n - row.tail,]] [[store_edge(row_out,]])
mutant(row_carry TilesLaidFromTheLeft row_carry.cuh [[long long tile = vectors - kTileVectors;]]
       [[long long tile = vectors / kTileVectors * kTileVectors - kTileVectors;]])
mutant(row_carry LastTileLeftOut row_carry.cuh [[while (tile > -kTileVectors)]] [[while (tile > 0)]])
mutant(row_carry StagesLeftTooEarly row_carry.cuh [[if (s > 0 && tile <= -kTileVectors)]] [[if (s > 0 && tile <= 0)]])
mutant(row_carry NextTileLoadedOverThisOne row_carry.cuh [=[staged[(s + kAhead) % kStages]]=] [=[staged[s]]=])
mutant(row_carry OneTileTooFewLoadedAhead row_carry.cuh [[for (int s = 0; s < kAhead; ++s)]]
       [[for (int s = 0; s < kAhead - 1; ++s)]])
mutant(row_carry LoadsStayWhereTheyAre row_carry.cuh [[      from -= kTile;]] [[]])
mutant(row_carry EveryBlockTakesTheFirstRow row_carry.cuh [[long long r = blockIdx.x; r < outer]]
       [[long long r = 0; r < 1]])

# --- three_pass ----------------------------------------------------------------------------------------

mutants_of_the_block_scan(three_pass)
mutants_of_the_warp_scan(three_pass)
mutants_of_the_tile_scan(three_pass)
mutant(three_pass OneBufferInBlockSums three_pass.cuh [[        buffer ^= 1;
        const RowSplit& split = tile[s].split;]] [[        const RowSplit& split = tile[s].split;]])
mutant(three_pass OneBufferInBlockPrefix three_pass.cuh [[      buffer ^= 1;
      if (index >= 0) {]] [[      if (index >= 0) {]])
mutant(three_pass OneBufferInTheScan three_pass.cuh [[        buffer ^= 1;
        store_tile]] [[        store_tile]])
mutant(three_pass PrefixWithItsOwnTile three_pass.cuh
       [[sums[index] = (lane < kWarpThreads - 1 ? from_next : Acc(0)) +]] [[sums[index] = from_lane +]])
mutant(three_pass PrefixOfTheTileToTheLeft three_pass.cuh [[prefix[s] = prefixes[base + s];]]
       [[prefix[s] = prefixes[base + s > 0 ? base + s - 1 : 0];]])
mutant(three_pass PrefixOfTheTileToTheRight three_pass.cuh [[prefix[s] = prefixes[base + s];]]
       [[prefix[s] = prefixes[base + s + 1];]])
mutant(three_pass PrefixCarryForgotten three_pass.cuh [[      carry += block.total;]] [[]])
mutant(three_pass PrefixReadsBeforeTheFirstTile three_pass.cuh [[index >= 0 ? sums[index] : Acc(0)]] [=[sums[index]]=])
mutant(three_pass PrefixBeginsOneTileLate three_pass.cuh [[long long begin = tiles - kThreads;]]
       [[long long begin = tiles - kThreads - 1;]])
mutant(three_pass TailLeftOutOfTheSum three_pass.cuh [[        if (tile[s].last && split.tail > 0) {
          sum +=]] [[        if (false) {
          sum +=]])
mutant(three_pass HeadInTheLastTile three_pass.cuh [[t.first = index == 0;]] [[t.first = index == tiles - 1;]])
mutant(three_pass TailInTheFirstTile three_pass.cuh [[t.last = index == tiles - 1;]] [[t.last = index == 0;]])
mutant(three_pass TilesLaidFromTheLeft three_pass.cuh [[t.begin = t.split.vectors - (tiles - index) * (kTile / kPerVector<T>);]]
       [[t.begin = index * (kTile / kPerVector<T>);]])
mutant(three_pass SumsWrittenByAllThreads three_pass.cuh [[        if (threadIdx.x == 0) {
          sums[base + s] = sum;]] [[        {
          sums[base + s] = sum;]])
mutant(three_pass SumsWrittenOneTileFurther three_pass.cuh [[          sums[base + s] = sum;]]
       [[          sums[base + s + 1] = sum;]])
mutant(three_pass HeadWithoutPrefix three_pass.cuh [[scan_edge<T, Acc>(row, split.head), block.total + carry);]]
       [[scan_edge<T, Acc>(row, split.head), block.total);]])
mutant(three_pass TailNotCarried three_pass.cuh [[          carry = __shfl_sync(kAllLanes, sum, 0);]] [[          carry = Acc(0);]])
mutant(three_pass BlocksTakeTheSameTiles three_pass.cuh
       [[  const Acc* prefixes = static_cast<const Acc*>(workspace);
  const long long tiles = ceil_div(n, kTile);
  int buffer = 0;
  for (long long base = static_cast<long long>(blockIdx.x) * kStages;]]
       [[  const Acc* prefixes = static_cast<const Acc*>(workspace);
  const long long tiles = ceil_div(n, kTile);
  int buffer = 0;
  for (long long base = static_cast<long long>(blockIdx.x);]])
