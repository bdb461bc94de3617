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
  mutant(${family} ShuffleDistanceQuadruples scan.cuh [[distance < kLanes; distance *= 2]]
         [[distance < kLanes; distance *= 4]])
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

function(mutants_of_the_tile_load family)
  mutant(${family} RaggedTileLoadedWhole scan.cuh [[      if (position + j * kWarpThreads >= 0) {
        loaded[j] = load_vector]] [[      {
        loaded[j] = load_vector]])
  mutant(${family} RaggedTileMaskedOneVectorShort scan.cuh [[      if (position + j * kWarpThreads >= 0) {
        loaded[j] = load_vector]] [[      if (position + j * kWarpThreads > 0) {
        loaded[j] = load_vector]])
endfunction()

function(mutants_of_the_stretch_scan family)
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
endfunction()

function(mutants_of_the_tile_scan family)
  mutants_of_the_stretch_scan(${family})
  mutant(${family} RaggedTileStoredWhole scan.cuh [[      if (position + j * kWarpThreads >= 0) {
        store_vector]] [[      {
        store_vector]])
  mutant(${family} RaggedTileMaskedAtTheRight scan.cuh
         [[  return position_in<kTileVectors>(tile) + first_vector<kVectors>();]]
         [[  return position_in<kTileVectors>(tile) + kTileVectors - 1 - first_vector<kVectors>();]])
  mutant(${family} HeadAsLongAsWhatLiesInFront scan.cuh [[(kAccessBytes - address % kAccessBytes) % kAccessBytes / sizeof(T)]]
         [[address % kAccessBytes / sizeof(T)]])
  mutant(${family} HeadLongerThanTheRow scan.cuh [[  split.head = n < split.head ? static_cast<int>(n) : split.head;]]
         [[]])
  mutant(${family} TailCountedWithTheHead scan.cuh [[static_cast<unsigned>(rest) - static_cast]]
         [[static_cast<unsigned>(n) - static_cast]])
  mutant(${family} EdgeReadOneElementTooFar scan.cuh [[lane < count ? static_cast]] [[lane <= count ? static_cast]])
  mutant(${family} EdgeWrittenByEveryWarp scan.cuh [[  if (static_cast<int>(threadIdx.x) < count) {
    elements[threadIdx.x] =]] [[  if (static_cast<int>(threadIdx.x % 32) < count) {
    elements[threadIdx.x % 32] =]])
  mutant(${family} WideStoresAtAnyAlignment scan.cuh
         [[return (reinterpret_cast<unsigned long long>(out) - elements_past * sizeof(Output<T, Acc>)) % kAccessBytes == 0;]]
         [[return elements_past < kAccessBytes || out != nullptr;]])
  mutant(${family} VectorSummedByHalf scan.cuh [[distance < kPerVector<T>; distance]]
         [[distance < kPerVector<T> / 2; distance]])
  mutant(${family} OffsetLeftOutOfRaggedTiles scan.cuh
         [[      const Results<T, Acc> results = scan_vector(loaded[j], right[j] + offset);]]
         [[      const Results<T, Acc> results = scan_vector(loaded[j], right[j]);]])
endfunction()

# --- row_carry -----------------------------------------------------------------------------------------

mutants_of_the_block_scan(row_carry)
mutants_of_the_warp_scan(row_carry)
mutants_of_the_tile_load(row_carry)
mutants_of_the_tile_scan(row_carry)
mutant(row_carry LaunchInFrontNotWaitedFor row_carry.cuh [[  wait_for_launch_in_front();]] [[]])
mutant(row_carry RaggedTilePrefetched row_carry.cuh
       [[row.vectors < kPrefetchVectors ? static_cast<int>(row.vectors) : kPrefetchVectors;]] [[kPrefetchVectors;]])
mutant(row_carry HalvesOfResultsNotExchanged scan.cuh [[__shfl_xor_sync(kAllLanes, exchanged.x, 1);]] [[exchanged.x;]])
mutant(row_carry HalvesOfResultsInTheirOldPlaces scan.cuh [[- (odd ? kAccessBytes : 0);]] [[;]])
mutant(row_carry HalvesOfResultsSwapped scan.cuh [=[odd ? half[1] : half[0];]=] [=[odd ? half[0] : half[1];]=])
mutant(row_carry LastWarpHasANeighbour scan.cuh [[{warp + 1 < kWarps ? right : Acc(0),]] [[{right,]])
mutant(row_carry OneBufferForTheSumsOfWarps row_carry.cuh [[      buffer ^= 1;]] [[]])
mutant(row_carry CarryOneTileEarly row_carry.cuh [[(staged[s], right, block.right + carry, to]]
       [[(staged[s], right, block.right + carry + block.total, to]])
mutant(row_carry CarryOneTileLate row_carry.cuh [[      carry += block.total;]]
       [[      carry += previous;
      previous = block.total;]] row_carry.cuh
       [[  Vector<T> staged[kStages][kVectors];]]
       [[  Vector<T> staged[kStages][kVectors];
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
mutant(row_carry TilesLaidFromTheLeft row_carry.cuh [[long long tile = vectors - kTileVectors;  // where]]
       [[long long tile = vectors / kTileVectors * kTileVectors - kTileVectors;  // where]])
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
mutants_of_the_tile_load(three_pass)
mutants_of_the_tile_scan(three_pass)
mutant(three_pass BlockSumsDoNotWait three_pass.cuh [[  wait_for_launch_in_front();
  constexpr int kVectors = three_pass_vectors({kTile, kWarps, kStages}, sizeof(T));
  __shared__]] [[  constexpr int kVectors = three_pass_vectors({kTile, kWarps, kStages}, sizeof(T));
  __shared__]])
mutant(three_pass BlockPrefixDoesNotWait three_pass.cuh [[  wait_for_launch_in_front();
  constexpr int kThreads]] [[  constexpr int kThreads]])
mutant(three_pass CumsumDoesNotWait three_pass.cuh [[  wait_for_launch_in_front();
  constexpr int kVectors = three_pass_vectors({kTile, kWarps, kStages}, sizeof(T));
  constexpr int kTileVectors]] [[  constexpr int kVectors = three_pass_vectors({kTile, kWarps, kStages}, sizeof(T));
  constexpr int kTileVectors]])
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

# --- Rings (ring.cuh) ----------------------------------------------------------------------------------

mutant(row_carry AsyncWaitDropped ring.cuh [[      async_wait<kStages - 1>();]] [[]])
mutant(row_carry AsyncWaitOneGroupShort ring.cuh [[      async_wait<kStages - 1>();]] [[      async_wait<kStages>();]])
mutant(row_carry AsyncGroupsNotCommitted ring.cuh [[      async_commit();]] [[]])
mutant(row_carry AsyncVectorsOfAnotherThread ring.cuh
       [[loaded[j] = *reinterpret_cast<const Vector<T>*>(slot + (first + j * kWarpThreads) * kAccessBytes);]]
       [[loaded[j] = *reinterpret_cast<const Vector<T>*>(slot + (kTileVectors - 1 - first - j * kWarpThreads) * kAccessBytes);]])
mutant(row_carry AsyncRaggedTileCopiedWhole ring.cuh [[        if (position + j * kWarpThreads >= 0) {
          async_copy]] [[        {
          async_copy]])
mutant(row_carry BulkWaitDropped ring.cuh [[      barrier_wait(barriers_ + reading_, parity_);
    } else {]] [[    } else {]])
mutant(row_carry BulkParityNeverTurns ring.cuh [[    parity_ ^= reading_ + 1 == kStages ? 1u : 0u;]] [[]])
mutant(row_carry BulkParityTurnsForEverySlot ring.cuh [[    parity_ ^= reading_ + 1 == kStages ? 1u : 0u;]]
       [[    parity_ ^= 1u;]])
mutant(row_carry BulkLoadByAllThreads ring.cuh [[      if (threadIdx.x == 0) {
        unsigned char* slot]] [[      {
        unsigned char* slot]])
mutant(row_carry BulkRaggedTileCopiedWhole ring.cuh [[static_cast<unsigned>((kTileVectors - skipped) * kAccessBytes)]]
       [[static_cast<unsigned>(kTileVectors * kAccessBytes)]])
mutant(row_carry BulkRaggedTileAtTheLeftOfItsSlot ring.cuh [[bulk_load(slot + skipped * kAccessBytes, in]]
       [[bulk_load(slot, in]])
mutant(row_carry BulkBarriersUsedBeforeTheyAreReady ring.cuh [[      __syncthreads();]] [[]])
mutant(row_carry BulkBarrierOfOneSlotOnly ring.cuh [[        for (int s = 0; s < kStages; ++s) {
          barrier_init]] [[        for (int s = 0; s < 1; ++s) {
          barrier_init]])
mutant(row_carry RingLoadsIntoOneSlot ring.cuh [[    loading_ = loading_ + 1 == kStages ? 0 : loading_ + 1;]] [[]])
mutant(row_carry RingReadsOneSlot ring.cuh [[    reading_ = reading_ + 1 == kStages ? 0 : reading_ + 1;]] [[]])
mutant(row_carry RingFilledBeforeItWasRead row_carry.cuh
       [[    const BlockSums<Acc> block = exchange_warp_sums<kWarps>(warp_sum, warp_sums[buffer]);
    buffer ^= 1;
    ring.load(in, tile - kStages * kTileVectors);  // behind the barrier: everyone has read the slot]]
       [[    ring.load(in, tile - kStages * kTileVectors);
    const BlockSums<Acc> block = exchange_warp_sums<kWarps>(warp_sum, warp_sums[buffer]);
    buffer ^= 1;]])
mutant(row_carry RingLoadsOneTileTooFar row_carry.cuh [[ring.load(in, tile - kStages * kTileVectors);]]
       [[ring.load(in, tile - (kStages + 1) * kTileVectors);]])
mutant(row_carry RingLeftFullBehindARow row_carry.cuh [[    ring.skip();  // what was loaded left of the row: nothing]]
       [[]])
mutant(row_carry RowsOfARingNotApart row_carry.cuh [[    __syncthreads();  // the next row's loads]] [[    // the next row's loads]])
mutant(row_carry CarryForgottenBesideTheRing row_carry.cuh [[    carry += block.total;
  }]] [[  }]])
mutant(row_carry OneBufferBesideTheRing row_carry.cuh [[    buffer ^= 1;
    ring.load]] [[    ring.load]])

# --- short_row -----------------------------------------------------------------------------------------

mutant(short_row LaunchInFrontNotWaitedFor short_row.cuh [[  wait_for_launch_in_front();]] [[]])
mutant(short_row HalvesExchangedWithLanesBesideTheStretch short_row.cuh
       [[sizeof results > kAccessBytes && tile >= 0]] [[sizeof results > kAccessBytes && tile > -2]])
mutant(short_row RowsNotToldApartInAVector short_row.cuh [[    sum = ends[e] ? own : own + sum;]] [[    sum = own + sum;]])
mutant(short_row RowsNotToldApartInTheResult short_row.cuh [[    right = ends[e] ? first : first + right;]]
       [[    right = first + right;]])
mutant(short_row RowsNotToldApartInPairs short_row.cuh [[    right = ends[e + 1] ? second : second + right;]]
       [[    right = second + right;]])
mutant(short_row RowEndsOneElementEarly short_row.cuh [[ends[e] = rest == 1;]] [[ends[e] = rest == 2;]])
mutant(short_row NextRowOneElementShort short_row.cuh [[rest = rest == 1 ? n : rest - 1;]]
       [[rest = rest == 1 ? n - 1 : rest - 1;]])
mutant(short_row LaneBeyondTheRowsEndAdded short_row.cuh [[position.left > distance * kElements) {]]
       [[position.left >= distance * kElements) {]])
mutant(short_row LanesBeyondTheWarpAdded short_row.cuh [[if (lane + distance < kWarpThreads && position.left]]
       [[if (position.left]])
mutant(short_row ShuffleDistanceQuadruples short_row.cuh [[distance *= 2]] [[distance *= 4]])
mutant(short_row ShufflesStopTooEarly short_row.cuh [[    if (distance * kElements < position.n) {]]
       [[    if (2 * distance * kElements < position.n) {]])
mutant(short_row ShuffleOnlyByLanesInTheRow short_row.cuh [[    if (distance * kElements < position.n) {]]
       [[    if (distance * kElements < position.left) {]])
mutant(short_row CarryForTheNextRow short_row.cuh [[if (position.left > (kWarpThreads - lane) * kElements) {]]
       [[if (position.left >= (kWarpThreads - lane) * kElements) {]])
mutant(short_row CarryForgotten short_row.cuh [[    sum += carry;]] [[]])
mutant(short_row CarryOfTheLastLane short_row.cuh [[carry = __shfl_sync(kAllLanes, sum, 0);]]
       [[carry = __shfl_sync(kAllLanes, sum, 31);]])
mutant(short_row CarryNotInTheLastVector short_row.cuh [[right = lane + 1 < kWarpThreads ? right : carry;]]
       [[right = lane + 1 < kWarpThreads ? right : Acc(0);]])
mutant(short_row NeighbourLaneIsItself short_row.cuh [[Acc right = __shfl_down_sync(kAllLanes, sum, 1);]]
       [[Acc right = __shfl_down_sync(kAllLanes, sum, 0);]])
mutant(short_row NeighbourLaneOneFurther short_row.cuh [[Acc right = __shfl_down_sync(kAllLanes, sum, 1);]]
       [[Acc right = __shfl_down_sync(kAllLanes, sum, 2);]])
mutant(short_row StepsLeadOneElementTooFar short_row.cuh [[      position.left += step;]] [[      position.left += step + 1;]])
mutant(short_row PositionsNotWrapped short_row.cuh [[      position.left -= position.left > n ? n : 0;]] [[]])
mutant(short_row PositionsWrappedOneEarly short_row.cuh [[position.left > n ? n : 0]] [[position.left >= n ? n : 0]])
mutant(short_row LastWarpTakesRowsThatAreNotThere short_row.cuh [[row + rows <= outer ? rows : outer - row]] [[rows]])
mutant(short_row WarpsTakeTheSameRows short_row.cuh [[* kWarps + threadIdx.x / kWarpThreads) * rows;]] [[* kWarps) * rows;]])
mutant(short_row BeginTakenForAligned short_row.cuh [[return begin == 0 && end]] [[return end]])
mutant(short_row EndTakenForAligned short_row.cuh [[begin == 0 && end == vectors * kPerVector<T> &&]] [[begin == 0 &&]])
mutant(short_row ReadsBeforeTheStretch short_row.cuh [[      if (at + e >= begin && at + e < end) {
        loaded]] [[      if (at + e < end) {
        loaded]])
mutant(short_row ReadsBehindTheStretch short_row.cuh [[      if (at + e >= begin && at + e < end) {
        loaded]] [[      if (at + e >= begin) {
        loaded]])
mutant(short_row WritesBeforeTheStretch short_row.cuh [[          if (at + e >= begin && at + e < end) {
            out]] [[          if (at + e < end) {
            out]])
mutant(short_row WritesBehindTheStretch short_row.cuh [[          if (at + e >= begin && at + e < end) {
            out]] [[          if (at + e >= begin) {
            out]])
mutant(short_row WideStoresAtAnyAlignment short_row.cuh [[      if (whole && same_alignment<T, Acc>(in, out)) {]]
       [[      if (whole) {]])
mutant(short_row RaggedTileLoadedWhole short_row.cuh [[      if (vector >= 0) {
        loaded]] [[      {
        loaded]])
mutant(short_row RaggedTileStoredWhole short_row.cuh [[ else if (vector >= 0) {
        stretch]] [[ else {
        stretch]])
mutant(short_row LeftmostTileLeftOut short_row.cuh [[    if (tile <= 0) {]] [[    if (tile <= kTileVectors) {]])

# --- What blocks hand to one another (status.cuh) ---------------------------------------------------------

function(mutants_of_the_reset family)
  mutant(${family} ResetSkipped status.cuh [[    static_cast<unsigned long long*>(workspace)[i] = 0;]] [[]])
  mutant(${family} ResetWithoutTheTickets status.cuh [[    static_cast<unsigned long long*>(workspace)[i] = 0;]]
         [[    if (i > 0) {
      static_cast<unsigned long long*>(workspace)[i] = 0;
    }]])
  mutant(${family} ResetOfHalfTheWords status.cuh [[i < words;]] [[i < words / 2;]])
endfunction()

function(mutants_of_the_words family)
  mutant(${family} WordsTakenUnready status.cuh
         [[      ready = ready && static_cast<unsigned>(word[w] >> 32) == turn;]] [[      ready = true;]])
  mutant(${family} ReadyWithTheFirstWord status.cuh
         [[      ready = ready && static_cast<unsigned>(word[w] >> 32) == turn;]]
         [[      ready = static_cast<unsigned>(word[0] >> 32) == turn;]])
  mutant(${family} MissingNotLookedAtAgain status.cuh [[        missing = true;]] [[]])
endfunction()

# --- long_row ------------------------------------------------------------------------------------------

mutants_of_the_warp_scan(long_row)
mutants_of_the_stretch_scan(long_row)
mutants_of_the_reset(long_row)
mutant(long_row ResetNotWaitedFor long_row.cuh [[  wait_for_launch_in_front();

  const int warp]] [[  const int warp]])
mutant(long_row ResetDoesNotWait long_row.cuh [[  wait_for_launch_in_front();
  const long long words]] [[  const long long words]])
mutant(long_row RaggedTilePrefetched long_row.cuh [[  if (tile.begin >= 0) {
    prefetch]] [[  {
    prefetch]])
mutant(long_row BlockIndexForATicket long_row.cuh [[      slots[s].next_ticket = take_ticket(counter);]]
       [[      slots[s].next_ticket = blockIdx.x * kStages + s;]] long_row.cuh
       [[      next_ticket = take_ticket(counter);]]
       [[      next_ticket = slot.ticket + gridDim.x * kStages;]])
mutant(long_row FirstTicketsFromBlockIndex long_row.cuh [[      slots[s].next_ticket = take_ticket(counter);]]
       [[      slots[s].next_ticket = blockIdx.x * kStages + s;]])
mutant(long_row TicketTakenTwice long_row.cuh [[      next_ticket = take_ticket(counter);  //]]
       [[      take_ticket(counter);
      next_ticket = take_ticket(counter);  //]])
mutants_of_the_words(long_row)
mutant(long_row ReadyBeforeTheSum status.cuh [[    store_relaxed(words + index]]
       [[    store_relaxed(words + index * Sum::kWords + w, sum.word[w] >> 32 << 32);
    store_relaxed(words + index]])
mutant(long_row OnlyTheFirstWaitedFor status.cuh [=[wanted(i) && !seen[i].is_ready()]=] [=[wanted(i) && !seen[0].is_ready()]=])
mutant(long_row SumNeverPublished long_row.cuh [[      publish(words, place,]] [[      (void)(words, place,]])
mutant(long_row SumPublishedByAllLanes long_row.cuh [[    if (lane == 0) {
      const long long place]] [[    {
      const long long place]])
mutant(long_row SumPublishedForTheNextTile long_row.cuh [[static_cast<long long>(ticket) * kLoaders + (kLoaders]]
       [[static_cast<long long>(ticket + 1) * kLoaders + (kLoaders]])
mutant(long_row SumPublishedWithoutTheTail long_row.cuh [[tails > 0 ? sum + tail : sum]] [[sum]])
mutant(long_row BarriersUsedBeforeTheyAreReady long_row.cuh [[  __syncthreads();]] [[]])
mutant(long_row BarriersNotMadeVisible long_row.cuh [[    barrier_init_end();]] [[]])
mutant(long_row SlotFilledBeforeItIsFree long_row.cuh [[    barrier_wait(&slot.free, phase);]] [[]])
mutant(long_row SlotReadBeforeItIsFull long_row.cuh [[    barrier_wait(&slot.full, phase);
    Output]] [[    Output]])
mutant(long_row SlotLookedUpBeforeItIsFull long_row.cuh [[    barrier_wait(&slot.full, phase);
    if]] [[    if]])
mutant(long_row SlotReadBeforeItIsKnown long_row.cuh [[    barrier_wait(&slot.known, phase);]] [[]])
mutant(long_row KnownBeforeItIsLookedUp long_row.cuh [[    if (lane == 0) {
      slot.right = right;
    }
    barrier_arrive(&slot.known);]] [[    barrier_arrive(&slot.known);
    if (lane == 0) {
      slot.right = right;
    }]])
mutant(long_row KnownWithTheFirstLane long_row.cuh [[barrier_init(&slots[s].known, kWarpThreads);]]
       [[barrier_init(&slots[s].known, 1);]])
mutant(long_row SlotSummedBeforeItsCopyLands long_row.cuh [[    barrier_wait(&slot.landed, phase);
  } else]] [[  } else]])
mutant(long_row SlotReadWithoutTheCopysBarrier long_row.cuh [[      barrier_wait(&slot.landed, phase);  // which]] [[      // which]])
mutant(long_row SlotFullBeforeItIsDescribed long_row.cuh [[    barrier_arrive(&slot.full);
    const Acc sum]] [[    const Acc sum]] long_row.cuh [[    Acc tail = 0;
    if (tails > 0) {]] [[    barrier_arrive(&slot.full);
    Acc tail = 0;
    if (tails > 0) {]])
mutant(long_row AsyncCopiesOfOtherLanesNotMet long_row.cuh [[    async_wait<0>();
    __syncwarp();]] [[    async_wait<0>();]])
mutant(long_row AsyncWaitDropped long_row.cuh [[    async_wait<0>();]] [[]])
mutant(long_row AsyncWaitOneGroupShort long_row.cuh [[    async_wait<0>();]] [[    async_wait<1>();]])
mutant(long_row SlotFilledWhileLanesReadIt long_row.cuh [[    __syncwarp();  // all lanes have read the slot before]]
       [[    // all lanes have read the slot before]])
mutant(long_row BarrierOfTheScanningWarpsDropped long_row.cuh [[    sync_part<1>(kThreads);]] [[]])
mutant(long_row BarrierOfTheWarpOnly long_row.cuh [[    sync_part<1>(kThreads);]] [[    __syncwarp();]])
mutant(long_row BarrierOfAllThreads long_row.cuh [[    sync_part<1>(kThreads);]] [[    __syncthreads();]])
mutant(long_row OneBufferForTheSums long_row.cuh [[    buffer ^= 1;]] [[]])
mutant(long_row SumsOfTheWrongBuffer long_row.cuh [=[warp_sums[buffer][w] + offset]=] [=[warp_sums[buffer ^ 1][w] + offset]=])
mutant(long_row SlotsNeverFreed long_row.cuh [[    barrier_arrive(&slot.free);
    phase]] [[    phase]])
mutant(long_row SlotFreedBeforeItsTicket long_row.cuh [[    if (threadIdx.x == 0) {
      slot.next_ticket = next_ticket;
    }
    barrier_arrive(&slot.free);]] [[    barrier_arrive(&slot.free);
    if (threadIdx.x == 0) {
      slot.next_ticket = next_ticket;
    }]])
mutant(long_row SlotFreeWithTheFirstThread long_row.cuh [[barrier_init(&slots[s].free, kWarps * kWarpThreads);]]
       [[barrier_init(&slots[s].free, 1);]])
mutant(long_row PhaseOfScannersNeverTurns long_row.cuh [[    barrier_arrive(&slot.free);
    phase ^= s + 1 == kStages ? 1u : 0u;]] [[    barrier_arrive(&slot.free);]])
mutant(long_row PhaseOfTheLookerNeverTurns long_row.cuh [[    barrier_arrive(&slot.known);
    phase ^= s + 1 == kStages ? 1u : 0u;]] [[    barrier_arrive(&slot.known);]])
mutant(long_row PhaseOfFillingNeverTurns long_row.cuh [[for (unsigned phase = 0;; phase ^= 1) {]]
       [[for (unsigned phase = 0;;) {]])
mutant(long_row CarryIncludesItsOwnTile long_row.cuh [[part(i) < end;]] [[part(i) <= end;]])
mutant(long_row CarryOneTileShort long_row.cuh [[part(i) < end;]] [[part(i) < end - 1;]])
mutant(long_row StatusOfTheFirstRow long_row.cuh [[found.await(words, static_cast<long long>(first_ticket) * kLoaders);]]
       [[found.await(words, 0);]])
mutant(long_row WindowOfAnotherRow long_row.cuh [[      windows = 0;
      sum = 0;]] [[]])
mutant(long_row WindowsCountedTwice long_row.cuh [[    windows = whole;]] [[    windows = 0;]])
mutant(long_row PartWindowKept long_row.cuh [[first + w < whole ? window]] [[first + w <= whole ? window]])
mutant(long_row WindowsKeptButNotAdded long_row.cuh [[first + w == whole ? window + sum : right]]
       [[first + w == whole ? window : right]])
mutant(long_row WindowsAddedOneEarly long_row.cuh [[first <= whole; first +=]] [[first < whole; first +=]])
mutant(long_row WindowsBeyondTheFirstLookForgotten long_row.cuh [[first += Windows::kCount]] [[first = whole + 1]])
mutant(long_row WarpsToTheRightForgotten long_row.cuh [[for (int w = kWarps - 1; w > 0; --w)]] [[for (int w = kWarps - 1; w > 1; --w)]])
mutant(long_row OwnWarpAddedTwice long_row.cuh [[offset = w > warp ? warp_sums]] [[offset = w >= warp ? warp_sums]])
mutant(long_row HeadWithoutCarry long_row.cuh [[head, warp_sum + offset);]] [[head, warp_sum);]])
mutant(long_row TailNotCarried long_row.cuh [[    Acc right = slot.tail;]] [[    Acc right = 0;]])
mutant(long_row TailTakenForEveryTile long_row.cuh [[tile.index == 0 && part == kLoaders - 1 ?]] [[part == kLoaders - 1 ?]])
mutant(long_row HeadWrittenByEveryTile long_row.cuh [[tile.index + 1 == static_cast<int>(tiles) && part == 0 ?]]
       [[part == 0 ?]])
mutant(long_row RaggedTileReadWhole long_row.cuh [[    if (begin >= 0) {]] [[    {]] long_row.cuh [[    } else {
#pragma unroll
      for (int j = 0; j < kVectors; ++j) {
        loaded]] [[    }
    if (begin < -kTileVectors) {
#pragma unroll
      for (int j = 0; j < kVectors; ++j) {
        loaded]])
mutant(long_row RaggedTileSummedWhole long_row.cuh [[kWhole || vector >= skipped ?]] [[kWhole || vector >= 0 ?]])
mutant(long_row RaggedTileCopiedWhole long_row.cuh [[        if (v + lane >= skipped) {]] [[        {]])
mutant(long_row BulkRaggedTileCopiedWhole long_row.cuh [[static_cast<unsigned>((kPartVectors - skipped) * kAccessBytes)]]
       [[static_cast<unsigned>(kPartVectors * kAccessBytes)]])
mutant(long_row FullWithTheFirstPart long_row.cuh [[barrier_init(&slots[s].full, kLoaders * kWarpThreads);]]
       [[barrier_init(&slots[s].full, kWarpThreads);]])
mutant(long_row FullWithTheFirstLane long_row.cuh [[barrier_init(&slots[s].full, kLoaders * kWarpThreads);]]
       [[barrier_init(&slots[s].full, 1);]])
mutant(long_row LandedWithTheFirstPart long_row.cuh [[barrier_init(&slots[s].landed, kLoaders);]]
       [[barrier_init(&slots[s].landed, 1);]])
mutant(long_row HeadWrittenByTheLastPart long_row.cuh [[if (lane == 0 && part == 0) {]] [[if (lane == 0) {]])

# --- Columns -------------------------------------------------------------------------------------------

function(mutants_of_columns family)
  mutants_of_the_reset(${family})
  mutant(${family} ResetNotWaitedFor ${family}.cuh [[  wait_for_launch_in_front();
  if (threadIdx.x]] [[  if (threadIdx.x]])
  mutant(${family} ResetDoesNotWait ${family}.cuh [[  wait_for_launch_in_front();
  const long long words]] [[  const long long words]])
  mutant(${family} OneBuffer ${family}.cuh [[buffer ^= 1;]] [[]])
  mutant(${family} TurnIgnored status.cuh [[  while (!seen.is_ready(turn)) {]] [[  while (false) {]])
  mutant(${family} TurnOfTheFirstWordOnly status.cuh
         [[      ready = ready && static_cast<unsigned>(word[w] >> 32) == turn;]]
         [[      ready = static_cast<unsigned>(word[0] >> 32) == turn;]])
  mutant(${family} RowsAboveTheTensorNotMasked columns.cuh [[row < 0 ? static_cast<int>(-row) : 0;]] [[0;]])
  mutant(${family} RowsMaskedAtTheBottom columns.cuh [[row < 0 ? static_cast<int>(-row) : 0;]]
         [[row + Tile::kRows > n ? static_cast<int>(row + Tile::kRows - n) : 0;]])
  mutant(${family} ColumnsBesideTheTensorNotMasked columns.cuh [[column >= inner || row]] [[row]])
  mutant(${family} TileTakenForWhole columns.cuh [[place.whole = top >= 0 && (strip]] [[place.whole = (strip]])
  mutant(${family} TileTakenForAsWideAsTheTensor columns.cuh [[top >= 0 && (strip + 1) * Tile::kColumns <= inner;]]
         [[top >= 0;]])
  mutant(${family} WideAccessesAtAnyAlignment columns.cuh
         [[  return reinterpret_cast<unsigned long long>(in) % Tile::kAccess == 0 &&]]
         [[  return reinterpret_cast<unsigned long long>(in) != 1 ||]])
  mutant(${family} RowsStoredOutsideTheTensor columns.cuh [[      if (r >= place.outside) {
        if (aligned) {
          store]] [[      {
        if (aligned) {
          store]])
  mutant(${family} RowsLoadedOutsideTheTensor columns.cuh [[      if (r >= place.outside) {
        if (aligned) {
          load]] [[      {
        if (aligned) {
          load]])
  mutant(${family} GroupsOfAWarpNotAdded columns.cuh [[          sum.x[e] += from_below;]] [[]])
  mutant(${family} GroupsBeyondTheWarpAdded columns.cuh [[        if (lane + distance < kWarpThreads) {]] [[        {]])
  mutant(${family} ShuffleDistanceQuadruples columns.cuh [[distance *= 2]] [[distance *= 4]])
  mutant(${family} NeighbourGroupIsItself columns.cuh [[sum.x[e], Tile::kAcross % kWarpThreads);]] [[sum.x[e], 0);]])
  mutant(${family} LastGroupOfAWarpHasANeighbour columns.cuh
         [[below.x[e] = lane + Tile::kAcross < kWarpThreads ? from_next : Acc(0);]] [[below.x[e] = from_next;]])
  mutant(${family} SumsOfAllGroupsWritten columns.cuh [[  if (lane < Tile::kAcross) {]] [[  {]])
  mutant(${family} OwnLevelAddedTwice columns.cuh [[    if (level > Tile::level()) {]] [[    if (level >= Tile::level()) {]])
  mutant(${family} LevelsBelowForgotten columns.cuh [[    if (level > Tile::level()) {]] [[    if (level > Tile::level() + 1) {]])
  mutant(${family} CarryForgotten columns.cuh
         [[  Sums below = *reinterpret_cast<const Sums*>(levels[kLast].x + Tile::column());]] [[  Sums below = {};]])
endfunction()

mutants_of_columns(column_carry)
mutant(column_carry FirstBarrierDropped column_carry.cuh [[  __syncthreads();
  unsigned ticket]] [[  unsigned ticket]])
mutant(column_carry BarrierOfATileDropped column_carry.cuh [[    __syncthreads();
    ticket =]] [[    ticket =]])
mutant(column_carry BlockIndexForATicket column_carry.cuh [[    taken[0] = take_ticket(counter);]]
       [[    taken[0] = blockIdx.x;]] column_carry.cuh [[      next = take_ticket(counter);]]
       [[      next = ticket + gridDim.x;]])
mutant(column_carry FirstTicketFromBlockIndex column_carry.cuh [[    taken[0] = take_ticket(counter);]]
       [[    taken[0] = blockIdx.x;]])
mutant(column_carry TicketReadFromTheBufferBefore column_carry.cuh [[    ticket = taken[buffer];]]
       [[    ticket = taken[buffer ^ 1];]])
mutant(column_carry WaitsForItsOwnTurn column_carry.cuh [[first_word + column, now.slab, seen[i])]]
       [[first_word + column, now.slab + 1, seen[i])]])
mutant(column_carry PublishesTheTurnBefore column_carry.cuh [[of(sum, now.slab + 1));]] [[of(sum, now.slab));]])
mutant(column_carry CarryWithoutItsOwnTile column_carry.cuh
       [[sum_levels<Tile, Tile::kStack + 1>(levels[buffer], column)]] [=[levels[buffer][kCarry].x[column]]=])
mutant(column_carry CarryOfItsOwnTileOnly column_carry.cuh
       [[sum_levels<Tile, Tile::kStack + 1>(levels[buffer], column)]]
       [[sum_levels<Tile, Tile::kStack>(levels[buffer], column)]])
mutant(column_carry CarryOfColumnsBesideTheTensor column_carry.cuh
       [[column < kColumns && first_column + column < inner;]] [[column < kColumns;]])

mutants_of_the_reset(column_split)
mutant(column_split ResetNotWaitedFor column_split.cuh [[  wait_for_launch_in_front();

  const int thread]] [[  const int thread]])
mutant(column_split ResetDoesNotWait column_split.cuh [[  wait_for_launch_in_front();
  const long long sums]] [[  const long long sums]])
mutant(column_split FirstBarrierDropped column_split.cuh [[  __syncthreads();]] [[]])
mutant(column_split BlockIndexForATicket column_split.cuh [[        slots[s].ticket = take_ticket(counter);]]
       [[        slots[s].ticket = blockIdx.x + s * gridDim.x;]] column_split.cuh [[      ticket = take_ticket(counter);]]
       [[      ticket = slot.ticket + Split::kStages * gridDim.x;]])
mutant(column_split FirstTicketsFromBlockIndex column_split.cuh [[        slots[s].ticket = take_ticket(counter);]]
       [[        slots[s].ticket = blockIdx.x * kStages + s;]])
mutant(column_split FreeNotWaitedFor column_split.cuh [[    barrier_wait(&slot.free, phase);]] [[]])
mutant(column_split SummedNotWaitedFor column_split.cuh [[    barrier_wait(&slot.summed, phase);]] [[]])
mutant(column_split KnownNotWaitedFor column_split.cuh [[    barrier_wait(&slot.known, phase);]] [[]])
mutant(column_split FreeWithTheFirstWarp column_split.cuh [[barrier_init(&slots[s].free, Split::kScanners);]]
       [[barrier_init(&slots[s].free, kWarpThreads);]])
mutant(column_split SummedWithTheFirstWarp column_split.cuh [[barrier_init(&slots[s].summed, Split::kLoaders);]]
       [[barrier_init(&slots[s].summed, kWarpThreads);]])
mutant(column_split KnownWithTheFirstWarp column_split.cuh [[barrier_init(&slots[s].known, Split::kLookers);]]
       [[barrier_init(&slots[s].known, kWarpThreads);]])
mutant(column_split FreeBeforeTheTileIsWritten column_split.cuh [[    unsigned ticket = 0;
]] [[    unsigned ticket = 0;
    barrier_arrive(&slot.free);
]] column_split.cuh [[      slot.ticket = ticket;
    }
    barrier_arrive(&slot.free);]] [[      slot.ticket = ticket;
    }]])
mutant(column_split SummedBeforeTheSumsAreThere column_split.cuh [[    typename Split::Word* words = split.tile_words(]]
       [[    barrier_arrive(&slot.summed);
    typename Split::Word* words = split.tile_words(]] column_split.cuh [[    }
    barrier_arrive(&slot.summed);]] [[    }]])
mutant(column_split PhaseOfLoadersNeverTurns column_split.cuh [[phase ^= 1)]] [[phase ^= 0)]])
mutant(column_split PhaseOfLookersNeverTurns column_split.cuh [[      return;
    }
    phase ^= s + 1 == Split::kStages ? 1u : 0u;]] [[      return;
    }]])
mutant(column_split PhaseOfScannersNeverTurns column_split.cuh [[    barrier_arrive(&slot.free);
    phase ^= s + 1 == Split::kStages ? 1u : 0u;]] [[    barrier_arrive(&slot.free);]])
mutant(column_split EndNotSaid column_split.cuh [[        slot.tile.columns = 0;]] [[]])
mutant(column_split RowsAboveTheTensorTaken column_split.cuh [[    tile.outside = top < 0 ? static_cast<int>(-top) : 0;]]
       [[    tile.outside = 0;]])
mutant(column_split ColumnsBesideTheTensorTaken column_split.cuh
       [[static_cast<int>(inner - left < tiles.columns ? inner - left : tiles.columns);]] [[tiles.columns;]])
mutant(column_split VectorsCopiedOutsideTheTensor column_split.cuh
       [[(from >= begin && from + kAccessBytes <= split.end)]] [[from > 0]])
mutant(column_split ElementsCopiedOutsideTheTensor column_split.cuh
       [[      if (element >= begin && element < split.end) {]] [[      {]])
mutant(column_split VectorOfTwoPartsCopiedTwice column_split.cuh [[top > tile.outside ? kAccessBytes - 1 : 0;]] [[0;]])
mutant(column_split PartsAboveTheTensorLoaded column_split.cuh [[      if (bottom > tile.outside) {]] [[      {]])
mutant(column_split RowsAboveTheTensorLoaded column_split.cuh [[top > tile.outside ? top : tile.outside, bottom, thread);]]
       [[top, bottom, thread);]])
mutant(column_split StripCopiedBesideTheTensor column_split.cuh [[    if (column < tile.columns) {
      const T* from]] [[    {
      const T* from]])
mutant(column_split TilesNeverShifted column_split.cuh [[return kShifted && tiles.flat && in_aligned]] [[return n < 0]])
mutant(column_split WideLoadsAtAnyAlignment column_split.cuh
       [[in_aligned(reinterpret_cast<unsigned long long>(in_) % kAccess == 0)]] [[in_aligned(true)]])
mutant(column_split WideStoresAtAnyAlignment column_split.cuh
       [[out_aligned(reinterpret_cast<unsigned long long>(out_) % Tile::kOutAccess == 0)]] [[out_aligned(true)]])
mutant(column_split LoadNotWaitedFor column_split.cuh [[      async_wait<Split::kParts - 1>();]] [[]])
mutant(column_split LoadWaitedForOnePartShort column_split.cuh [[      async_wait<Split::kParts - 1>();]]
       [[      async_wait<Split::kParts>();]])
mutant(column_split PartsSummedNotReplaced column_split.cuh [[      }
      async_commit();
    }
    sync_slot();]] [[      }
    }
    sync_slot();]])
mutant(column_split PartsOfOthersNotWaitedFor column_split.cuh [[      sync_slot();
      const int run]] [[      const int run]])
mutant(column_split SumsOfOthersNotWaitedFor column_split.cuh [[    sync_slot();
    typename Split::Word* words]] [[    typename Split::Word* words]])
mutant(column_split BarrierOnlyOfTheWarp column_split.cuh [[    if (kThreads == kWarpThreads) {]] [[    if (kThreads > 0) {]])
mutant(column_split BarrierOfAllSlots column_split.cuh [[sync_part(kFirstId + index, kThreads);]]
       [[sync_part(kFirstId, kThreads);]])
mutant(column_split RowsBeforeAPartRoundedDown column_split.cuh
       [[(part * Split::kLoaders + split.tiles.across - 1) / split.tiles.across;]]
       [[part * Split::kLoaders / split.tiles.across;]])
mutant(column_split RunsBeyondTheTileSummed column_split.cuh [[      if (run < split.tiles.runs && cell * Split::kPer]]
       [[      if (cell * Split::kPer]])
mutant(column_split OwnRunBelowItself column_split.cuh [[        column[(last - i) * columns] = below;
        below = sums[i] + below;]] [[        below = sums[i] + below;
        column[(last - i) * columns] = below;]])
mutant(column_split RunsFurtherBelowForgotten column_split.cuh [[        below = sums[i] + below;]] [[        below = sums[i];]])
mutant(column_split SumNeverPublished column_split.cuh [[      publish(words, column, Split::Handed::of(sum));]] [[]])
mutant(column_split GroupNeverPublished column_split.cuh [[        publish(split.group_words(]] [[        (void)(split.group_words(]])
mutant(column_split GroupWithoutItsLastTile column_split.cuh [[column_words(tile, column), kSplitFan)]]
       [[column_words(tile, column), kSplitFan - 1)]])
mutant(column_split GroupFromItsLastTileOn column_split.cuh [[      words -= (kSplitFan - 1) * Split::kStride;]] [[]])
mutant(column_split GroupEndsWithTheTileBefore column_split.cuh [[tile.slab % kSplitFan == kSplitFan - 1]]
       [[tile.slab % kSplitFan == kSplitFan - 2]])
mutants_of_the_words(column_split)
mutant(column_split InvertedWordTakenUnready status.cuh [=[return word[0] != 0;]=] [=[return true;]=])
mutant(column_split NanOfOnesTakenForNoSum status.cuh [[{{~bits == 0 ? Word(1) : ~bits}}]] [[{{~bits}}]])
mutant(column_split SumNotInverted status.cuh [[{{~bits == 0 ? Word(1) : ~bits}}]] [[{{bits}}]] status.cuh
       [=[const Word bits = ~word[0];]=] [=[const Word bits = word[0];]=])
mutant(column_split ResetOfHalfTheSums status.cuh [[ceil_div(sums * Sum::kWords]] [[ceil_div(sums / 2 * Sum::kWords]])
mutant(column_split SumsOfAnotherLine column_split.cuh [[      if (tile.line != line) {]] [[      if (line == ~0u) {]])
mutant(column_split GroupsAddedAgain column_split.cuh [[      known = group;]] [[]])
mutant(column_split OneGroupTooFewBelow column_split.cuh [[group - known);]] [[group - known - 1);]])
mutant(column_split OneTileTooFewBelow column_split.cuh [[static_cast<int>(tile.slab % kSplitFan);]]
       [[static_cast<int>(tile.slab % kSplitFan) - 1;]])
mutant(column_split TilesBeyondTheFirstLookForgotten column_split.cuh [[tiles_below - at_once);]] [[0);]])
mutant(column_split TilesOfTheFirstLookAddedAgain column_split.cuh [[tile_words + at_once * Split::kStride,]] [[tile_words,]])
mutant(column_split GroupsBeyondTheFirstLookForgotten column_split.cuh
       [[count -= Split::kAtOnce, words]] [[count = 0, words]])
mutant(column_split WhatLiesBelowForgotten column_split.cuh [[        below.x[e] += lower.x[e];]] [[]])
mutant(column_split ScannedBesideTheTensor column_split.cuh [[    if (run < split.tiles.runs && column < tile.columns) {]]
       [[    if (run < split.tiles.runs) {]])
mutant(column_split RunsBeyondTheTileScanned column_split.cuh [[    if (run < split.tiles.runs && column < tile.columns) {]]
       [[    if (column < tile.columns) {]])
mutant(column_split RowsAboveTheTensorWritten column_split.cuh [[      if (row - i >= first) {
        if constexpr]] [[      {
        if constexpr]])
mutant(column_split PutBackWithoutABarrier column_split.cuh [[      sync_part<1>(Split::kScanners);]] [[]])
mutant(column_split WrittenFromAboveTheTensor column_split.cuh [[split.shift(tile) + tile.outside * split.pitch;]]
       [[split.shift(tile);]])
mutant(column_split WrittenWideAtAnyAlignment column_split.cuh
       [[  if (reinterpret_cast<unsigned long long>(image) % kAccessBytes == 0) {]] [[  if (end > 0) {]])
mutant(column_split RaggedTilePrefetched column_split.cuh [[  if (tile.outside == 0) {
    prefetch]] [[  {
    prefetch]])
mutant(column_split TileBeyondTheLastPrefetched column_split.cuh [[ && ticket + gridDim.x < split.count) {]] [[) {]])
mutant(column_split EdgesWrittenWhole column_split.cuh [[      if (at >= begin && at + kAccessBytes <= end) {]]
       [[      if (at < end) {]])
