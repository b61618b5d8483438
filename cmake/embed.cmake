# Writes a C file with the text of sources, in a table for kernels/device/cuda_sources.h:
#   cmake -DOUTPUT=... -DTABLE=cuda_sources "-DFILES=a.cu;b.cuh" -P embed.cmake
set(arrays "")
set(table "")
set(i 0)
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME)
  file(READ ${file} bytes HEX)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
  string(APPEND arrays "static const char source_${i}[] = {${bytes}0};\n")
  string(APPEND table "    {\"${name}\", source_${i}},\n")
  math(EXPR i "${i} + 1")
endforeach()
file(WRITE ${OUTPUT} "#include \"device/cuda_sources.h\"\n\n${arrays}\n"
  "const struct cuda_source ${TABLE}[] = {\n${table}    {0, 0},\n};\n")
