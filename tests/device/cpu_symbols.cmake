# Run as a script: fails where OBJECT, built for the instruction set ISA, defines a symbol that the
# linker may put in place of one of the same name from elsewhere. Code for a CPU that is not at hand
# would run that way.
execute_process(COMMAND ${NM} -C ${OBJECT} OUTPUT_VARIABLE symbols RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "${NM} ${OBJECT} failed")
endif()
string(REGEX MATCHALL "[^\n]* [WVu] [^\n]*" weak "${symbols}")
if(NOT weak)
  message(FATAL_ERROR "no weak symbol at all in ${OBJECT}: this check no longer checks anything")
endif()
foreach(symbol IN LISTS weak)
  if(NOT symbol MATCHES "scantune::cpu::${ISA}::")
    message(FATAL_ERROR "${OBJECT} shares a symbol with code for other CPUs:\n${symbol}")
  endif()
endforeach()
